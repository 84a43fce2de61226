// Writes what is committed of compiled contracts.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { COMMITTED, compile, compiled, folder } from "./solidity.mjs";

const contracts = compile();
for (const [name, path] of Object.entries(COMMITTED)) {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, compiled(contracts[name]));
}
