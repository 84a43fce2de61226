// ethers.js: contracts, events, errors, and the cheats that it can send.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ethers } from 'ethers'
import { ACT, ACTIVATION_VALUE, ARB_WASM, actorWasm, contract, programInitCode, startDevnet } from './devnet.mjs'

const TOKEN = contract('Token')
const PARTNER = contract('Partner')
let devnet, provider, alice, bob

before(async () => {
  devnet = await startDevnet()
  // ethers polls every four seconds and keeps answers for a quarter of one unless told.
  provider = new ethers.JsonRpcProvider(devnet.url, undefined, { cacheTimeout: -1, pollingInterval: 20 })
  alice = new ethers.Wallet(devnet.accounts[0].key, provider)
  bob = devnet.accounts[1].address
})

after(async () => {
  provider.destroy()
  await devnet.stop()
})

async function deployToken(signer = alice) {
  const factory = new ethers.ContractFactory(TOKEN.abi, TOKEN.bytecode, signer)
  const token = await factory.deploy('Try', devnet.accounts[0].address, 1_000n)
  await token.waitForDeployment()
  return token
}

async function deployProgram() {
  const deployed = await (await alice.sendTransaction({ data: programInitCode(await actorWasm()) })).wait()
  const arbWasm = new ethers.Contract(
    ARB_WASM,
    [
      'function activateProgram(address) payable returns (uint16, uint256)',
      'event ProgramActivated(bytes32 indexed codehash, bytes32 moduleHash, address program, uint256 dataFee, uint16 version)',
    ],
    alice,
  )
  const activated = await (await arbWasm.activateProgram(deployed.contractAddress, { value: ACTIVATION_VALUE })).wait()
  return { address: deployed.contractAddress, event: arbWasm.interface.parseLog(activated.logs[0]) }
}

test('finds the network, its accounts and its fees', async () => {
  const network = await provider.getNetwork()
  assert.equal(network.chainId, BigInt(devnet.chainId))
  assert.equal(await provider.getBalance(bob), ethers.parseEther('10000'))
  const fees = await provider.getFeeData()
  assert.equal(fees.gasPrice, 10_000_000n)
  assert.equal(fees.maxPriorityFeePerGas, 0n)
  const signers = await provider.listAccounts()
  assert.deepEqual(signers.map((signer) => signer.address), devnet.accounts.map(({ address }) => address))
})

test('deploys a contract and reads what the block and the receipt say of it', async () => {
  const token = await deployToken()
  const receipt = await token.deploymentTransaction().wait()
  assert.equal(receipt.status, 1)
  assert.equal(receipt.contractAddress, await token.getAddress())
  const latest = await provider.getBlock('latest', true)
  assert.equal(latest.hash, receipt.blockHash)
  assert.equal(latest.number, receipt.blockNumber)
  assert.equal(latest.prefetchedTransactions[0].hash, receipt.hash)
  assert.equal(latest.gasUsed, receipt.gasUsed)
  assert.equal((await provider.getBlock(receipt.blockNumber - 1)).hash, latest.parentHash)
  assert.equal(await token.name(), 'Try')
  assert.equal(await token.balanceOf(devnet.accounts[0].address), 1_000n)
  assert.equal(await token.getDeployedCode(), await provider.getCode(token))
})

test('sees the block of a transaction at once', async () => {
  const before = await provider.getBlock('latest')
  const receipt = await (await alice.sendTransaction({ to: bob, value: 1n })).wait()
  const latest = await provider.getBlock('latest')
  assert.equal(latest.hash, receipt.blockHash)
  assert.equal(latest.parentHash, before.hash)
})

test('finds events by filter and hears of them by polling', async () => {
  const token = await deployToken()
  const heard = new Promise((resolve) => token.once('Transfer', (from, to, value) => resolve({ from, to, value })))
  const receipt = await (await token.transfer(bob, 300n)).wait()
  const [log] = receipt.logs
  assert.equal(log.fragment.name, 'Transfer')
  assert.equal(log.args.value, 300n)
  const found = await token.queryFilter(token.filters.Transfer(null, bob), 0)
  assert.equal(found.length, 1)
  assert.equal(found[0].transactionHash, receipt.hash)
  assert.equal(found[0].blockHash, receipt.blockHash)
  assert.deepEqual(await heard, { from: devnet.accounts[0].address, to: bob, value: 300n })
  assert.equal((await token.queryFilter(token.filters.Transfer(null, ARB_WASM), 0)).length, 0)
})

test('deploys, sends and hears of blocks and events over WebSocket', async () => {
  const socket = new ethers.WebSocketProvider(devnet.ws, undefined, { cacheTimeout: -1 })
  const token = await deployToken(new ethers.Wallet(devnet.accounts[0].key, socket))
  const before = await socket.getBlockNumber()
  const block = new Promise((resolve) => socket.on('block', (number) => number > before && resolve(number)))
  const event = new Promise((resolve) => token.on('Transfer', (from, to, value, { log }) => resolve({ to, value, log })))
  const receipt = await (await token.transfer(bob, 300n)).wait()
  assert.equal(await block, receipt.blockNumber)
  const { to, value, log } = await event
  assert.deepEqual([to, value], [bob, 300n])
  assert.equal(log.transactionHash, receipt.hash)
  assert.equal((await socket.getBlock('latest')).hash, receipt.blockHash)
  await socket.destroy()
})

test('decodes custom errors of calls and of estimates', async () => {
  const token = await deployToken()
  const refused = ['ERC20InsufficientBalance', devnet.accounts[0].address, 1_000n, 1_001n]
  const inWords = ({ name, args }) => [name, ...args]
  await assert.rejects(token.transfer.staticCall(bob, 1_001n), (error) => {
    assert.equal(error.code, 'CALL_EXCEPTION')
    assert.deepEqual(inWords(error.revert), refused)
    return true
  })
  // Of an estimate that fails ethers leaves the decoding to its user.
  await assert.rejects(token.transfer(bob, 1_001n), (error) => {
    assert.equal(error.code, 'CALL_EXCEPTION')
    assert.deepEqual(inWords(token.interface.parseError(error.data)), refused)
    return true
  })
})

test('waits in vain for a transaction that fails in its block', async () => {
  const token = await deployToken()
  const sent = await token.transfer(bob, 1_001n, { gasLimit: 100_000n })
  await assert.rejects(sent.wait(), (error) => error.code === 'CALL_EXCEPTION' && error.receipt.status === 0)
})

test('sends every type of transaction', async () => {
  const accessList = [{ address: bob, storageKeys: [ethers.ZeroHash] }]
  for (const request of [{ type: 0 }, { type: 1, accessList }, { type: 2, accessList }]) {
    const receipt = await (await alice.sendTransaction({ to: bob, value: 5n, ...request })).wait()
    const found = await provider.getTransaction(receipt.hash)
    assert.equal(receipt.type, request.type)
    assert.equal(found.type, request.type)
    assert.equal(found.value, 5n)
    assert.equal(found.blockHash, receipt.blockHash)
    assert.deepEqual(found.accessList ?? [], (request.accessList ?? []).map((entry) => ({ ...entry })))
    assert.equal(found.from, devnet.accounts[0].address)
  }
})

test('sends through an account of the node', async () => {
  const signer = await provider.getSigner(2)
  const receipt = await (await signer.sendTransaction({ to: bob, value: 1n })).wait()
  assert.equal(receipt.from, devnet.accounts[2].address)
})

test('asks many things in one batch', async () => {
  const balances = await Promise.all(devnet.accounts.map(({ address }) => provider.getBalance(address, 0)))
  assert.deepEqual(new Set(balances), new Set([ethers.parseEther('10000')]))
})

test('goes back to a snapshot', async () => {
  const snapshot = await provider.send('evm_snapshot', [])
  const before = await provider.getBlockNumber()
  await (await alice.sendTransaction({ to: bob, value: 1n })).wait()
  assert.equal(await provider.getBlockNumber(), before + 1)
  assert.equal(await provider.send('evm_revert', [snapshot]), true)
  assert.equal(await provider.getBlockNumber(), before)
})

test('deploys, activates and calls a program, alone and from Solidity', async () => {
  const { address, event } = await deployProgram()
  assert.equal(event.name, 'ProgramActivated')
  assert.equal(event.args.program, address)
  assert.equal(event.args.codehash, ethers.keccak256(await provider.getCode(address)))
  const word = ethers.toBeHex(42n, 32)
  await (await alice.sendTransaction({ to: address, data: ethers.concat([ACT.store, word]) })).wait()
  assert.equal(await provider.call({ to: address, data: ACT.load }), word)
  assert.equal(await provider.getStorage(address, 0), word)

  const factory = new ethers.ContractFactory(PARTNER.abi, PARTNER.bytecode, alice)
  const partner = await factory.deploy()
  const self = await partner.getAddress()
  const visit = partner.interface.encodeFunctionData('visit', [9n])
  const receipt = await (
    await partner.callProgram(address, ethers.concat([ACT.call, self, visit]), { value: 11n })
  ).wait()
  assert.deepEqual(receipt.logs[0].args.toArray(), [address, 11n, 9n])

  const refuse = partner.interface.encodeFunctionData('refuse', [3n])
  await assert.rejects(
    partner.callProgram.staticCall(address, ethers.concat([ACT.call, self, refuse])),
    (error) => error.revert.name === 'Refused' && error.revert.args.by === address,
  )
})
