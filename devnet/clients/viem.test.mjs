// viem: public, wallet and test clients.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  ContractFunctionRevertedError,
  createPublicClient,
  createTestClient,
  createWalletClient,
  concat,
  defineChain,
  encodeFunctionData,
  getAddress,
  http,
  numberToHex,
  parseEther,
  publicActions,
  walletActions,
  webSocket,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { ACT, ACTIVATION_VALUE, ARB_WASM, actorWasm, contract, programInitCode, startDevnet } from './devnet.mjs'

const TOKEN = contract('Token')
const PARTNER = contract('Partner')
let devnet, chain, client, cheats, alice, bob

before(async () => {
  devnet = await startDevnet()
  chain = defineChain({
    id: devnet.chainId,
    name: 'devnet',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [devnet.url], webSocket: [devnet.ws] } },
  })
  alice = privateKeyToAccount(devnet.accounts[0].key)
  bob = devnet.accounts[1].address
  const transport = http(devnet.url, { batch: true })
  client = createWalletClient({ account: alice, chain, transport, pollingInterval: 20, cacheTime: 0 }).extend(
    publicActions,
  )
  cheats = createTestClient({ mode: 'anvil', chain, transport, pollingInterval: 20, cacheTime: 0 })
    .extend(publicActions)
    .extend(walletActions)
})

after(() => devnet.stop())

const word = (number) => numberToHex(number, { size: 32 })

/** What became of a transaction that was sent. */
const mined = async (hash) => client.waitForTransactionReceipt({ hash: await hash })

async function deploy({ abi, bytecode }, args) {
  const receipt = await mined(client.deployContract({ abi, bytecode, args }))
  assert.equal(receipt.status, 'success')
  return { address: receipt.contractAddress, abi, receipt }
}

const deployToken = () => deploy(TOKEN, ['Try', alice.address, 1_000n])

async function deployProgram() {
  const deployed = await mined(client.sendTransaction({ data: programInitCode(await actorWasm()) }))
  const abi = [
    {
      type: 'function',
      name: 'activateProgram',
      stateMutability: 'payable',
      inputs: [{ name: 'program', type: 'address' }],
      outputs: [
        { name: 'version', type: 'uint16' },
        { name: 'dataFee', type: 'uint256' },
      ],
    },
  ]
  const { request, result } = await client.simulateContract({
    address: ARB_WASM,
    abi,
    functionName: 'activateProgram',
    args: [deployed.contractAddress],
    value: ACTIVATION_VALUE,
  })
  const before = await client.getBalance({ address: alice.address })
  const activated = await mined(client.writeContract(request))
  const spent = before - (await client.getBalance({ address: alice.address }))
  assert.equal(spent, result[1] + activated.gasUsed * activated.effectiveGasPrice)
  return getAddress(deployed.contractAddress)
}

/** The error of a contract's own that a refusal carries. */
function refusal(error) {
  const reverted = error.walk((cause) => cause instanceof ContractFunctionRevertedError)
  return { name: reverted.data?.errorName, args: reverted.data?.args }
}

test('finds the network and its fees', async () => {
  assert.equal(await client.getChainId(), devnet.chainId)
  assert.equal(await client.getGasPrice(), 10_000_000n)
  const fees = await client.estimateFeesPerGas()
  assert.equal(fees.maxPriorityFeePerGas, 0n)
  assert.ok(fees.maxFeePerGas >= 10_000_000n)
  const history = await client.getFeeHistory({ blockCount: 1, rewardPercentiles: [25, 75] })
  assert.deepEqual(history.baseFeePerGas, [10_000_000n, 10_000_000n])
  assert.deepEqual(history.reward, [[0n, 0n]])
})

test('deploys, simulates, writes and reads', async () => {
  const { address, abi, receipt } = await deployToken()
  const block = await client.getBlock({ includeTransactions: true })
  assert.equal(block.hash, receipt.blockHash)
  assert.equal(block.transactions[0].hash, receipt.transactionHash)
  assert.equal(block.gasUsed, receipt.gasUsed)
  assert.equal(block.baseFeePerGas, receipt.effectiveGasPrice)

  const { request, result } = await client.simulateContract({
    address,
    abi,
    functionName: 'transfer',
    args: [bob, 300n],
  })
  assert.equal(result, true)
  const sent = await mined(client.writeContract(request))
  assert.equal(sent.status, 'success')
  const balance = (owner) => client.readContract({ address, abi, functionName: 'balanceOf', args: [owner] })
  assert.deepEqual([await balance(alice.address), await balance(bob)], [700n, 300n])

  const events = await client.getContractEvents({ address, abi, eventName: 'Transfer', args: { to: bob }, fromBlock: 0n })
  assert.equal(events.length, 1)
  assert.equal(events[0].blockHash, sent.blockHash)
  assert.deepEqual(events[0].args, { from: alice.address, to: bob, value: 300n })
})

test('decodes the errors of contracts', async () => {
  const { address, abi } = await deployToken()
  const excessive = { address, abi, functionName: 'transfer', args: [bob, 1_001n], account: alice }
  for (const attempt of [client.simulateContract(excessive), client.estimateContractGas(excessive)]) {
    await assert.rejects(attempt, (error) => {
      assert.deepEqual(refusal(error), {
        name: 'ERC20InsufficientBalance',
        args: [alice.address, 1_000n, 1_001n],
      })
      return true
    })
  }
})

test('hears of blocks and events by polling filters', async () => {
  const { address, abi } = await deployToken()
  const seen = {}
  const heard = Promise.all([
    new Promise((resolve) => (seen.block = resolve)),
    new Promise((resolve) => (seen.logs = resolve)),
  ])
  const before = await client.getBlockNumber()
  const ends = [
    client.watchBlocks({ emitMissed: true, onBlock: (block) => block.number > before && seen.block(block) }),
    client.watchContractEvent({ address, abi, eventName: 'Transfer', fromBlock: before, onLogs: seen.logs }),
  ]
  const receipt = await mined(client.writeContract({ address, abi, functionName: 'transfer', args: [bob, 1n] }))
  const [block, logs] = await heard
  ends.forEach((end) => end())
  assert.equal(block.hash, receipt.blockHash)
  assert.equal(logs.at(-1).transactionHash, receipt.transactionHash)
})

test('hears of blocks, events and transactions over WebSocket', async () => {
  const { address, abi } = await deployToken()
  const socket = createWalletClient({ account: alice, chain, transport: webSocket(devnet.ws) }).extend(publicActions)
  const seen = {}
  const heard = Promise.all(['block', 'logs', 'hashes'].map((what) => new Promise((resolve) => (seen[what] = resolve))))
  const ends = [
    socket.watchBlocks({ onBlock: seen.block }),
    socket.watchContractEvent({ address, abi, eventName: 'Transfer', args: { to: bob }, onLogs: seen.logs }),
    socket.watchPendingTransactions({ onTransactions: seen.hashes }),
  ]
  const hash = await socket.writeContract({ address, abi, functionName: 'transfer', args: [bob, 300n] })
  const receipt = await socket.waitForTransactionReceipt({ hash })
  const [block, logs, hashes] = await heard
  ends.forEach((end) => end())
  assert.equal(block.hash, receipt.blockHash)
  assert.deepEqual(logs.map((log) => [log.eventName, log.args.value, log.transactionHash]), [['Transfer', 300n, hash]])
  assert.deepEqual(hashes, [hash])
  ;(await socket.transport.getRpcClient()).close()
})

test('sends for an account whose key nobody has', async () => {
  const address = '0x00000000000000000000000000000000000000AA'
  await cheats.setBalance({ address, value: parseEther('2') })
  await cheats.impersonateAccount({ address })
  const receipt = await mined(cheats.sendTransaction({ account: address, to: bob, value: parseEther('1') }))
  assert.equal(receipt.from, address.toLowerCase())
  assert.equal(
    await client.getBalance({ address }),
    parseEther('1') - receipt.gasUsed * receipt.effectiveGasPrice,
  )
  await cheats.stopImpersonatingAccount({ address })
  await assert.rejects(cheats.sendTransaction({ account: address, to: bob, value: 1n }))
})

test('mines, goes forward in time and back to a snapshot', async () => {
  const id = await cheats.snapshot()
  const before = await client.getBlock()
  await cheats.mine({ blocks: 5, interval: 60 })
  const after = await client.getBlock()
  assert.equal(after.number, before.number + 5n)
  assert.ok(after.timestamp >= before.timestamp + 240n)
  await cheats.increaseTime({ seconds: 3_600 })
  await cheats.mine({ blocks: 1 })
  assert.ok((await client.getBlock()).timestamp >= after.timestamp + 3_600n)
  const timestamp = after.timestamp + 10_000n
  await cheats.setNextBlockTimestamp({ timestamp })
  await cheats.mine({ blocks: 1 })
  assert.equal((await client.getBlock()).timestamp, timestamp)
  await cheats.revert({ id })
  assert.equal((await client.getBlock()).hash, before.hash)
})

test('puts code, storage and nonces where they are wanted', async () => {
  const address = '0x00000000000000000000000000000000000000bb'
  await cheats.setCode({ address, bytecode: '0x5f545f5260205ff3' })
  await cheats.setStorageAt({ address, index: 0, value: word(77n) })
  await cheats.setNonce({ address, nonce: 9 })
  assert.equal((await client.call({ to: address })).data, word(77n))
  assert.equal(await client.getStorageAt({ address, slot: '0x0' }), word(77n))
  assert.equal(await client.getTransactionCount({ address }), 9)
})

test('mines what waits when it is told to', async () => {
  await cheats.setAutomine(false)
  assert.equal(await cheats.getAutomine(), false)
  const hashes = []
  for (const value of [1n, 2n]) hashes.push(await client.sendTransaction({ to: bob, value }))
  const waiting = await client.getTransaction({ hash: hashes[0] })
  assert.equal(waiting.blockNumber, null)
  await cheats.mine({ blocks: 1 })
  const block = await client.getBlock()
  assert.deepEqual(block.transactions, hashes)
  await cheats.setAutomine(true)
})

test('looks into the pool and drops what waits there', async () => {
  await cheats.setAutomine(false)
  const hash = await client.sendTransaction({ to: bob, value: 3n })
  assert.deepEqual(await cheats.getTxpoolStatus(), { pending: 1, queued: 0 })
  const { pending } = await cheats.getTxpoolContent()
  const [[sender, byNonce]] = Object.entries(pending)
  assert.equal(sender.toLowerCase(), alice.address.toLowerCase())
  assert.deepEqual(Object.values(byNonce).map((transaction) => transaction.hash), [hash])
  await cheats.dropTransaction({ hash })
  assert.deepEqual(await cheats.getTxpoolStatus(), { pending: 0, queued: 0 })
  await cheats.setAutomine(true)
})

test('sets what the next blocks say', async () => {
  const id = await cheats.snapshot()
  await cheats.setNextBlockBaseFeePerGas({ baseFeePerGas: 20_000_000n })
  await cheats.setBlockGasLimit({ gasLimit: 30_000_000n })
  await cheats.setBlockTimestampInterval({ interval: 12 })
  await cheats.mine({ blocks: 2 })
  const latest = await client.getBlock()
  const before = await client.getBlock({ blockHash: latest.parentHash })
  assert.equal(latest.baseFeePerGas, 20_000_000n)
  assert.equal(latest.gasLimit, 30_000_000n)
  assert.equal(latest.timestamp - before.timestamp, 12n)
  assert.equal(await client.getGasPrice(), 20_000_000n)
  await cheats.removeBlockTimestampInterval()
  await cheats.revert({ id })
  assert.equal(await client.getGasPrice(), 10_000_000n)
})

test('calls with another state than the chain has', async () => {
  const { address, abi } = await deployToken()
  const lavish = { to: bob, value: parseEther('100000'), account: alice.address }
  const stateOverride = [{ address: alice.address, balance: parseEther('123456') }]
  await assert.rejects(client.call(lavish), /insufficient funds/)
  await client.call({ ...lavish, stateOverride })
  const supply = await client.readContract({
    address,
    abi,
    functionName: 'totalSupply',
    stateOverride: [{ address, stateDiff: [{ slot: word(1n), value: word(5n) }] }],
  })
  assert.equal(supply, 5n)
})

test('simulates calls one after another', async () => {
  const { address, abi } = await deployToken()
  const call = (functionName, args) => ({ to: address, abi, functionName, args })
  const { results } = await client.simulateCalls({
    account: alice.address,
    calls: [call('transfer', [bob, 300n]), call('balanceOf', [bob]), call('transfer', [bob, 701n])],
  })
  assert.deepEqual(results.map(({ status }) => status), ['success', 'success', 'failure'])
  assert.equal(results[1].result, 300n)
  assert.equal(results[2].error.cause.data.errorName, 'ERC20InsufficientBalance')
  const balance = await client.readContract({ address, abi, functionName: 'balanceOf', args: [bob] })
  assert.equal(balance, 0n)
})

test('deploys, activates and calls a program, alone and from Solidity', async () => {
  const program = await deployProgram()
  await mined(client.sendTransaction({ to: program, data: concat([ACT.store, word(42n)]) }))
  assert.equal((await client.call({ to: program, data: ACT.load })).data, word(42n))

  const { address, abi } = await deploy(PARTNER)
  const input = (functionName, number) =>
    concat([ACT.call, address, encodeFunctionData({ abi, functionName, args: [number] })])
  const call = { address, abi, functionName: 'callProgram' }
  const { request, result } = await client.simulateContract({
    ...call,
    args: [program, input('visit', 9n)],
    value: 11n,
  })
  assert.equal(result, word(10n))
  const receipt = await mined(client.writeContract(request))
  const events = await client.getContractEvents({ address, abi, blockHash: receipt.blockHash })
  assert.deepEqual(events.map((event) => [event.eventName, event.args]), [
    ['Visited', { by: program, value: 11n, number: 9n }],
  ])
  await assert.rejects(client.simulateContract({ ...call, args: [program, input('refuse', 3n)] }), (error) => {
    assert.deepEqual(refusal(error), { name: 'Refused', args: [program, 3n] })
    return true
  })
})
