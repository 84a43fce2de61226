// What the package promises: everything compiles without a warning, the interfaces are those
// of the contracts, and the compiled collection is what its source compiles to.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { COMMITTED, compile, compiled, folder } from "./solidity.mjs";

/** The artifacts, and the interfaces that each of them answers. */
const ANSWERS = {
  engine: ["IEngine"],
  token: ["IToken", "IPermit", "IVotes", "IBridgedToken"],
  vesting: ["IVesting"],
  governor: ["IGovernor", "IGovernorBravo"],
  timelock: ["ITimelock"],
  proxy: ["IProxy"],
  collection: ["ICollection"],
};

/** The largest code that a chain takes (EIP-170). */
const MAX_CODE = 24_576;

const contracts = compile();

function artifact(name) {
  return JSON.parse(readFileSync(join(folder, `../../artifacts/${name}.json`), "utf8"));
}

/** The entries of an ABI, each in one form, in one order, without what only Solidity knows. */
function entries(abi) {
  const plain = (value) => {
    if (Array.isArray(value)) return value.map(plain);
    if (value === null || typeof value !== "object") return value;
    const kept = Object.entries(value).filter(([key]) => key !== "internalType");
    return Object.fromEntries(kept.sort().map(([key, inner]) => [key, plain(inner)]));
  };
  return [...new Set(abi.map((entry) => JSON.stringify(plain(entry))))].sort();
}

for (const [name, interfaces] of Object.entries(ANSWERS)) {
  const ours = entries(interfaces.flatMap((each) => contracts[each].abi));
  assert.deepEqual(ours, entries(artifact(name)), `${name} and ${interfaces.join(", ")}`);
}

// The collection in Solidity answers what the one in Rust does. OpenZeppelin's contracts declare
// errors besides, and constructors are no part of an interface.
const { Collection } = contracts;
const of = (abi, ...types) => entries(abi.filter(({ type }) => types.includes(type)));
const [solidity, rust] = [Collection.abi, artifact("collection")];
assert.deepEqual(of(solidity, "function", "event"), of(rust, "function", "event"));
const errors = new Set(of(solidity, "error"));
assert.deepEqual(of(rust, "error").filter((error) => !errors.has(error)), []);
assert.ok(Collection.evm.deployedBytecode.object.length / 2 <= MAX_CODE);

for (const [name, path] of Object.entries(COMMITTED)) {
  const committed = readFileSync(join(folder, path), "utf8");
  const fresh = committed === compiled(contracts[name]);
  assert.ok(fresh, `${path} is not what ${name}.sol compiles to; run \`npm run compile\``);
}

const known = new Set(Object.values(ANSWERS).flat());
console.log(`${known.size} interfaces are those of ${Object.keys(ANSWERS).length} contracts`);
console.log(`Collection: ${Collection.evm.deployedBytecode.object.length / 2} bytes`);
