// Compiles everything in the package.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import solc from "solc";

/** The package's folder. */
export const folder = dirname(dirname(fileURLToPath(import.meta.url)));

const require = createRequire(import.meta.url);

/** What the compiler is told; the compiled contract that is committed was made with it. */
const settings = {
  optimizer: { enabled: true, runs: 200 },
  viaIR: true,
  evmVersion: "cancun",
  // Nothing in the code depends on where it was compiled.
  metadata: { bytecodeHash: "none", appendCBOR: false },
  outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } },
};

function sources(within) {
  return readdirSync(join(folder, within), { recursive: true })
    .filter((file) => file.endsWith(".sol"))
    .map((file) => `${within}/${file}`);
}

/** Every contract by its name: its ABI and its code. Fails where the compiler only warns. */
export function compile() {
  const files = ["interfaces", "contracts", "test"].flatMap(sources);
  const read = (file) => [file, { content: readFileSync(join(folder, file), "utf8") }];
  const input = {
    language: "Solidity",
    sources: Object.fromEntries(files.map(read)),
    settings,
  };
  const imports = (path) => ({ contents: readFileSync(require.resolve(path), "utf8") });
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: imports }));
  const messages = (output.errors ?? []).map(({ formattedMessage }) => formattedMessage);
  if (messages.length > 0) {
    throw new Error(messages.join("\n"));
  }
  return Object.fromEntries(files.flatMap((file) => Object.entries(output.contracts[file] ?? {})));
}

/** Where each contract that is committed compiled is, so that nobody needs the compiler. */
export const COMMITTED = {
  Collection: "compiled/Collection.json",
  Puppet: "test/Puppet.json",
  Scribe: "test/Scribe.json",
};

/** What is committed of a contract. */
export function compiled({ abi, evm }) {
  const bytecode = `0x${evm.bytecode.object}`;
  const file = { compiler: solc.version(), settings, abi, bytecode };
  return `${JSON.stringify(file, null, 2)}\n`;
}
