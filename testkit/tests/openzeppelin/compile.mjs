// Prints the creation code of OpenZeppelin's timelock, of Dao.sol's governor and of Votes.sol's
// token as JSON.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import solc from "solc";

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const source = (file) => [file, { content: readFileSync(join(here, file), "utf8") }];
const input = {
  language: "Solidity",
  sources: Object.fromEntries(["Dao.sol", "Votes.sol"].map(source)),
  settings: {
    optimizer: { enabled: true, runs: 200 },
    viaIR: true,
    evmVersion: "cancun",
    outputSelection: { "*": { "*": ["evm.bytecode.object"] } },
  },
};
const imports = (path) => ({ contents: readFileSync(require.resolve(path), "utf8") });
const output = JSON.parse(solc.compile(JSON.stringify(input), { import: imports }));
const errors = (output.errors ?? []).filter(({ severity }) => severity === "error");
if (errors.length > 0) {
  throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join("\n"));
}
const code = (file, name) => `0x${output.contracts[file][name].evm.bytecode.object}`;
const timelock = "@openzeppelin/contracts/governance/TimelockController.sol";
console.log(
  JSON.stringify({
    governor: code("Dao.sol", "Dao"),
    timelock: code(timelock, "TimelockController"),
    votes: code("Votes.sol", "Votes"),
  }),
);
