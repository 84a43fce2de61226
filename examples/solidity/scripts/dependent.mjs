// What `npm install @arbius/solidity` would bring, used as a project of somebody else's uses it: by
// its name, by the oldest compilers that the README names.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { folder } from "./solidity.mjs";

/** The compilers, and what each compiles besides: all interfaces are for the older one. */
const COMPILERS = { "solc-0.8.20": "Oracle", "solc-0.8.26": "Gallery" };

const project = mkdtempSync(join(tmpdir(), "dependent-"));
try {
  const npm = (...words) => execFileSync("npm", words, { cwd: project, encoding: "utf8" }).trim();
  const archive = npm("pack", "--silent", "--pack-destination", project, folder);
  writeFileSync(join(project, "package.json"), "{}");
  npm("install", "--silent", "--no-audit", "--no-fund", join(project, archive));

  const require = createRequire(join(project, "package.json"));
  const installed = join(project, "node_modules/@arbius/solidity");
  const interfaces = readdirSync(join(installed, "interfaces"), { recursive: true })
    .filter((file) => file.endsWith(".sol"))
    .map((file) => `import "@arbius/solidity/interfaces/${file.replaceAll("\\", "/")}";`);
  assert.ok(interfaces.length > 0, "the package has no interfaces");

  for (const [compiler, contract] of Object.entries(COMPILERS)) {
    const solc = createRequire(import.meta.url)(compiler);
    const all = ["// SPDX-License-Identifier: MIT", "pragma solidity ^0.8.20;", ...interfaces];
    const input = {
      language: "Solidity",
      sources: {
        "Interfaces.sol": { content: all.join("\n") },
        "Contract.sol": { content: readFileSync(join(folder, `dependent/${contract}.sol`), "utf8") },
      },
      settings: {
        optimizer: { enabled: true },
        viaIR: true,
        outputSelection: { "*": { "*": ["evm.bytecode.object"] } },
      },
    };
    const imports = (path) => ({ contents: readFileSync(require.resolve(path), "utf8") });
    const output = JSON.parse(solc.compile(JSON.stringify(input), { import: imports }));
    const messages = (output.errors ?? []).map(({ formattedMessage }) => formattedMessage);
    assert.deepEqual(messages, [], messages.join("\n"));
    const size = output.contracts["Contract.sol"][contract].evm.bytecode.object.length / 2;
    assert.ok(size > 0, `${contract} has no code`);
    console.log(`${contract}, by ${solc.version()}, from the package: ${size} bytes`);
  }
} finally {
  rmSync(project, { recursive: true });
}
