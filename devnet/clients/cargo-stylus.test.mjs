// cargo-stylus: what it checks, deploys, activates and caches is what the chain then has.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify, stripVTControlCharacters } from 'node:util'
import { ethers } from 'ethers'
import { ACT, ARB_WASM, ROOT, actorWasm, assemble, startDevnet } from './devnet.mjs'

const DAY = 86_400
let devnet, provider, arbWasm, project

before(async () => {
  devnet = await startDevnet()
  provider = new ethers.JsonRpcProvider(devnet.url, undefined, { cacheTimeout: -1, pollingInterval: 20 })
  arbWasm = new ethers.Contract(
    ARB_WASM,
    [
      'function stylusVersion() view returns (uint16)',
      'function programVersion(address) view returns (uint16)',
      'function programTimeLeft(address) view returns (uint64)',
      'function codehashKeepalive(bytes32) payable',
      'error ProgramKeepaliveTooSoon(uint64 ageInSeconds)',
      'error ProgramInsufficientValue(uint256 have, uint256 want)',
      'event ProgramActivated(bytes32 indexed codehash, bytes32 moduleHash, address program, uint256 dataFee, uint16 version)',
    ],
    provider,
  )
  // It wants to stand in a workspace, even to handle a file that lies elsewhere.
  project = await mkdtemp(join(tmpdir(), 'cargo-stylus-'))
  await writeFile(join(project, 'Cargo.toml'), '[workspace]\nmembers = []\n')
  await writeFile(join(project, 'Stylus.toml'), '[workspace.networks]\n')
})

after(async () => {
  provider.destroy()
  await rm(project, { recursive: true })
  await devnet.stop()
})

/** What a command prints, without colours. Fails with all of it if the command fails. */
async function stylus(...args) {
  try {
    const options = { cwd: project }
    const { stdout, stderr } = await promisify(execFile)('cargo', ['stylus', '--verbose', ...args, '-e', devnet.url], options)
    return stripVTControlCharacters(stdout + stderr)
  } catch (error) {
    error.message = stripVTControlCharacters(`${error.message}\n${error.stdout}`)
    throw error
  }
}

const signed = (...args) => stylus(...args, '--private-key', devnet.accounts[0].key)
const deploy = (...args) => signed('deploy', '--no-verify', ...args)

/** The first group that a pattern finds in what was printed. */
function printed(text, pattern) {
  const found = text.match(pattern)
  assert.ok(found, `${pattern} is not in:\n${text}`)
  return found[1]
}

const addressIn = (text) => printed(text, /deployed code at address: (0x[0-9a-f]{40})/)
const transactionIn = (text) => `0x${printed(text, /successfully activated contract \S+ with tx "?(?:0x)?([0-9a-f]{64})/)}`

async function file(name, wasm) {
  const path = join(project, name)
  await writeFile(path, wasm)
  return path
}

const actor = async () => file('actor.wasm', await actorWasm())

/** A program of its own kind, that no other test has activated. */
const returning = (number) =>
  assemble(`(module
    (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
    (memory (export "memory") 1 1)
    (func (export "user_entrypoint") (param i32) (result i32)
      (i32.store8 (i32.const 31) (i32.const ${number}))
      (call $write_result (i32.const 0) (i32.const 32))
      (i32.const 0)))`)

test('checks every contract of this repository', async () => {
  for (const name of ['engine', 'engine-rest', 'proxy', 'requester', 'token']) {
    const text = await stylus('check', '--wasm-file', join(ROOT, 'artifacts', `${name}.wasm`))
    // Two fragments at most.
    assert.ok(Number(printed(text, /contract size: .*\((\d+) bytes\)/)) <= 2 * 24_576)
    assert.ok(Number(printed(text, /wasm data fee: \S+ ETH \(originally (\S+) ETH with 20% bump\)/)) > 0)
  }
})

test('says why a module cannot be activated', async () => {
  const floats = await assemble(`(module
    (memory (export "memory") 1)
    (func (export "user_entrypoint") (param i32) (result i32) (i32.trunc_f64_s (f64.const 1))))`)
  await assert.rejects(stylus('check', '--wasm-file', await file('floats.wasm', floats)), /float/)
})

test('deploys and activates what it checked, at the price that it named', async () => {
  const text = await deploy('--wasm-file', await actor())
  const address = addressIn(text)
  const code = await provider.getCode(address)
  assert.equal(Number(printed(text, /contract size: .*\((\d+) bytes\)/)), ethers.dataLength(code))

  const deployment = await provider.getTransactionReceipt(printed(text, /deployment tx hash: (0x[0-9a-f]{64})/))
  assert.equal(deployment.contractAddress.toLowerCase(), address)
  assert.equal(deployment.gasUsed, BigInt(printed(text, /gas used: (\d+) gas/)))

  const activation = await provider.getTransactionReceipt(transactionIn(text))
  const { args } = arbWasm.interface.parseLog(activation.logs[0])
  assert.equal(args.program.toLowerCase(), address)
  assert.equal(args.codehash, ethers.keccak256(code))
  const fees = [...text.matchAll(/originally (\S+) ETH/g)].map(([, fee]) => fee)
  assert.equal(fees.at(-1), Number(ethers.formatEther(args.dataFee)).toFixed(6))
  assert.equal(await arbWasm.programVersion(address), await arbWasm.stylusVersion())

  const word = ethers.toBeHex(42n, 32)
  const signer = await provider.getSigner(0)
  await (await signer.sendTransaction({ to: address, data: ethers.concat([ACT.store, word]) })).wait()
  assert.equal(await provider.call({ to: address, data: ACT.load }), word)

  // The same code needs no second activation.
  assert.match(await deploy('--wasm-file', await actor()), /wasm already activated/)
})

test('activates in a step of its own, for no more gas than it estimated', async () => {
  const path = await file('seven.wasm', await returning(7))
  const text = await deploy('--no-activate', '--wasm-file', path)
  const address = addressIn(text)
  assert.match(text, /You must activate the stylus contract before calling it/)
  await assert.rejects(provider.call({ to: address }))

  const estimated = BigInt(printed(await signed('activate', '--address', address, '--estimate-gas'), /tx gas: (\d+)/))
  const activated = await signed('activate', '--address', address)
  const { gasUsed } = await provider.getTransactionReceipt(transactionIn(activated))
  assert.ok(gasUsed <= estimated, `${gasUsed} of ${estimated}`)
  assert.equal(await provider.call({ to: address }), ethers.toBeHex(7n, 32))
})

test('cuts a large program into fragments', async () => {
  // 30,000 bytes that do not compress, of which the program returns the last word.
  let block = Buffer.from('fragments')
  const bytes = Buffer.concat(
    Array.from({ length: 940 }, () => (block = createHash('sha256').update(block).digest())),
  )
  const text = [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')
  const wasm = await assemble(`(module
    (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
    (memory (export "memory") 1 1)
    (data (i32.const 0) "${text}")
    (func (export "user_entrypoint") (param i32) (result i32)
      (call $write_result (i32.const ${bytes.length - 32}) (i32.const 32))
      (i32.const 0)))`)
  const output = await deploy('--wasm-file', await file('large.wasm', wasm))
  assert.match(output, /contract size: .*\(2 fragments\)/)
  const address = addressIn(output)
  const root = await provider.getCode(address)
  assert.match(root, /^0xeff00200/)
  // Prefix, the WASM's length, two addresses.
  assert.equal(ethers.dataLength(root), 4 + 4 + 2 * 20)
  assert.equal(await provider.call({ to: address }), ethers.hexlify(block))
})

test('caches a program by a bid', async () => {
  const address = addressIn(await deploy('--wasm-file', await file('eight.wasm', await returning(8))))
  const status = () => stylus('cache', 'status', '--address', address)
  const before = await status()
  assert.match(before, /Cache manager status: "active"/)
  assert.match(before, /Cache size: 536\.9 MB/)
  assert.match(before, /Queue size: 0 B/)
  assert.match(before, /is not yet cached/)
  assert.match(await stylus('cache', 'suggest-bid', address), /Minimum bid for contract \S+: 0 wei/)

  const gas = () => provider.estimateGas({ to: address })
  const uncached = await gas()
  const bid = await signed('cache', 'bid', address, '0')
  const receipt = await provider.getTransactionReceipt(printed(bid, /cache bid tx with hash: (0x[0-9a-f]{64})/))
  assert.equal(BigInt(printed(bid, /(\d+) gas gas used/)), receipt.gasUsed)
  const after = await status()
  assert.match(after, /is cached/)
  assert.ok(!after.includes('Queue size: 0 B'))
  assert.ok((await gas()) < uncached)
  await assert.rejects(signed('cache', 'bid', address, '0'), /already cached/)
})

test('traces a transaction, with its own script and with the native tracer', async () => {
  const address = addressIn(await deploy('--wasm-file', await file('ten.wasm', await returning(10))))
  const signer = await provider.getSigner(0)
  const { hash } = await (await signer.sendTransaction({ to: address })).wait()
  for (const tracer of [[], ['--use-native-tracer']]) {
    const text = await stylus('trace', '--tx', hash, ...tracer)
    const steps = JSON.parse(printed(text, /(\[\{.*\}\])/))
    assert.deepEqual(steps.map(({ name }) => name), ['user_entrypoint', 'write_result', 'user_returned'])
    assert.equal(steps[1].args, ethers.toBeHex(10n, 32))
  }
})

test('is told what keeping a program alive takes, and that it pays nothing', async () => {
  const address = addressIn(await deploy('--wasm-file', await file('nine.wasm', await returning(9))))
  const codehash = ethers.keccak256(await provider.getCode(address))
  /** The error of ArbWasm's that the command shows undecoded. */
  const refusal = async () => {
    const error = await signed('codehash-keepalive', '--codehash', codehash).then(assert.fail, ({ message }) => message)
    return arbWasm.interface.parseError(printed(error, /RawValue\("(0x[0-9a-f]+)"\)/))
  }
  const full = await arbWasm.programTimeLeft(address)
  assert.equal((await refusal()).name, 'ProgramKeepaliveTooSoon')
  await provider.send('evm_increaseTime', [32 * DAY])
  await provider.send('evm_mine', [])
  assert.ok((await arbWasm.programTimeLeft(address)) <= full - BigInt(32 * DAY))
  const { name, args } = await refusal()
  assert.equal(name, 'ProgramInsufficientValue')
  assert.equal(args.have, 0n)

  const signer = await provider.getSigner(0)
  await (await arbWasm.connect(signer).codehashKeepalive(codehash, { value: args.want })).wait()
  // Ages are kept in whole hours.
  assert.ok((await arbWasm.programTimeLeft(address)) > full - 3_600n)
})
