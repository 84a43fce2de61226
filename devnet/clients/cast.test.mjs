// Foundry's cast: every command is run as a user would run it.

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { join } from 'node:path'
import { ACT, ACTIVATION_VALUE, ARB_WASM, actorWasm, contract, programInitCode, startDevnet } from './devnet.mjs'

// The program itself: the script that `@foundry-rs/cast` puts before it hides its exit code.
const CAST = join(import.meta.dirname, 'node_modules', '@foundry-rs', 'cast-linux-amd64', 'bin', 'cast')
const TRANSFER = 'Transfer(address indexed from, address indexed to, uint256 value)'
let devnet, alice, bob

before(async () => {
  devnet = await startDevnet()
  alice = devnet.accounts[0]
  bob = devnet.accounts[1].address
})

after(() => devnet.stop())

/** What a command prints that asks no chain. Fails with all of its output if the command fails. */
async function offline(...args) {
  const { stdout } = await promisify(execFile)(CAST, args)
  return stdout.trim()
}

/** What a command prints that asks the devnet. */
async function cast(command, ...args) {
  return offline(command, '--rpc-url', devnet.url, ...args)
}

const json = async (command, ...args) => JSON.parse(await cast(command, '--json', ...args))
const send = (...args) => json('send', '--private-key', alice.key, ...args)

async function deployToken() {
  const { bytecode } = contract('Token')
  const receipt = await send('--create', bytecode, 'constructor(string,address,uint256)', 'Try', alice.address, '1000')
  assert.equal(receipt.status, '0x1')
  return receipt
}

const word = (number) => `0x${number.toString(16).padStart(64, '0')}`
const lower = (text) => text.toLowerCase()

test('finds the chain, its accounts and its prices', async () => {
  assert.equal(await cast('chain-id'), String(devnet.chainId))
  assert.match(await cast('client'), /^arbius-devnet\/v/)
  assert.equal(await cast('gas-price'), '10000000')
  assert.equal(await cast('base-fee'), '10000000')
  assert.equal(await cast('balance', '--ether', bob), '10000.000000000000000000')
  assert.equal(await cast('nonce', bob), '0')
  assert.deepEqual(await json('rpc', 'eth_accounts'), devnet.accounts.map(({ address }) => lower(address)))
})

test('deploys, calls, sends and reads the receipt, the block and the logs', async () => {
  const { contractAddress: token, transactionHash, blockHash } = await deployToken()
  assert.equal(await cast('call', token, 'name()(string)'), '"Try"')
  assert.equal(await cast('call', token, 'balanceOf(address)(uint256)', alice.address), '1000')
  assert.equal(await cast('block', 'latest', '--field', 'hash'), blockHash)
  assert.equal(await cast('receipt', transactionHash, 'blockHash'), blockHash)
  assert.equal(lower(await cast('tx', transactionHash, 'from')), lower(alice.address))

  const sent = await send(token, 'transfer(address,uint256)', bob, '300')
  const logs = await json('logs', '--from-block', '0', '--address', token, TRANSFER, '', bob)
  assert.equal(logs.length, 1)
  assert.equal(logs[0].transactionHash, sent.transactionHash)
  assert.equal(logs[0].data, word(300))
  const block = await json('block', sent.blockNumber, '--full')
  assert.equal(block.transactions[0].hash, sent.transactionHash)
  assert.equal(BigInt(block.gasUsed), BigInt(sent.gasUsed))
})

test('asks and hears of events over WebSocket', async () => {
  const { contractAddress: token } = await deployToken()
  const number = await offline('block-number', '--rpc-url', devnet.ws)
  assert.equal(number, await cast('block-number'))
  const listener = spawn(CAST, ['logs', '--json', '--subscribe', '--rpc-url', devnet.ws, '--address', token, TRANSFER])
  let heard = ''
  listener.stdout.on('data', (data) => (heard += data))
  const closed = new Promise((resolve) => listener.on('exit', resolve))
  // It does not say when it has begun to listen.
  while (!heard.includes('}')) await send(token, 'transfer(address,uint256)', bob, '1')
  listener.kill()
  await closed
  // An array that never ends.
  const [log] = heard.match(/\{[^}]*\}/)
  assert.equal(JSON.parse(log).address, token)
  assert.equal(JSON.parse(log).data, word(1))
})

test('estimates what a transaction then uses', async () => {
  const { contractAddress: token } = await deployToken()
  const transfer = [token, 'transfer(address,uint256)', bob, '1']
  const estimate = BigInt(await cast('estimate', '--from', alice.address, ...transfer))
  const { gasUsed } = await send('--gas-limit', String(estimate), ...transfer)
  assert.ok(BigInt(gasUsed) <= estimate && estimate < (BigInt(gasUsed) * 12n) / 10n, `${gasUsed} of ${estimate}`)
})

test('reads storage, code and sizes', async () => {
  const { contractAddress: token } = await deployToken()
  // The total supply is in the second slot.
  assert.equal(await cast('storage', token, '1'), word(1_000))
  // Balances are in a mapping at the third.
  const slot = await offline('index', 'address', alice.address, '2')
  assert.equal(await cast('storage', token, slot), word(1_000))
  const code = await cast('code', token)
  assert.equal(await cast('codesize', token), String((code.length - 2) / 2))
})

test('shows a custom error', async () => {
  const { contractAddress: token } = await deployToken()
  const excessive = ['--from', alice.address, token, 'transfer(address,uint256)', bob, '1001']
  await assert.rejects(cast('call', ...excessive), /execution reverted.*0xe450d38c/s)
})

test('makes, shows and publishes a signed transaction', async () => {
  const raw = await cast('mktx', '--private-key', alice.key, '--legacy', '--value', '5', bob)
  const published = await json('publish', raw)
  assert.equal(published.status, '0x1')
  assert.equal(published.type, '0x0')
  assert.equal(await cast('tx', published.transactionHash, '--raw'), raw)
})

test('makes an access list that the transaction can use', async () => {
  const { contractAddress: token } = await deployToken()
  const { accessList } = await json('access-list', '--from', alice.address, token, 'transfer(address,uint256)', bob, '1')
  const entry = accessList.find(({ address }) => address === token)
  // The balances of both, which are in the third slot's mapping.
  assert.equal(entry.storageKeys.length, 2)
})

test('sends for an account that is impersonated and has been given ether', async () => {
  const rich = '0x00000000000000000000000000000000000000cc'
  await cast('rpc', 'anvil_setBalance', rich, '0xde0b6b3a7640000')
  await cast('rpc', 'anvil_impersonateAccount', rich)
  const receipt = await json('send', '--unlocked', '--from', rich, bob, '--value', '1')
  assert.equal(receipt.from, rich)
  await cast('rpc', 'anvil_stopImpersonatingAccount', rich)
})

test('mines, and goes back to a snapshot', async () => {
  const snapshot = JSON.parse(await cast('rpc', 'evm_snapshot'))
  const before = Number(await cast('block-number'))
  await cast('rpc', 'anvil_mine', '0x3')
  assert.equal(Number(await cast('block-number')), before + 3)
  assert.equal(await cast('rpc', 'evm_revert', snapshot), 'true')
  assert.equal(Number(await cast('block-number')), before)
})

test('deploys, activates and calls a program', async () => {
  const { contractAddress: program } = await send('--create', programInitCode(await actorWasm()))
  const activate = ['activateProgram(address)(uint16,uint256)', program, '--value', String(ACTIVATION_VALUE)]
  const [version] = await json('call', '--from', alice.address, ARB_WASM, ...activate)
  assert.equal(Number(version), Number(await cast('call', ARB_WASM, 'stylusVersion()(uint16)')))
  const activated = await send(ARB_WASM, 'activateProgram(address)', program, '--value', String(ACTIVATION_VALUE))
  assert.equal(activated.logs[0].address, ARB_WASM)
  assert.equal(Number(await cast('call', ARB_WASM, 'programVersion(address)(uint16)', program)), Number(version))
  await send(program, ACT.store + word(42).slice(2))
  assert.equal(await cast('call', program, ACT.load), word(42))
})
