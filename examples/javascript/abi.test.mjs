// The package against a local network, by the scripts beside this file and by what they leave out.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import * as package_ from '@arbius/abi'
import { Contract, EventLog, JsonRpcProvider, Wallet, getBytes, isError } from 'ethers'
import { BaseError, ContractFunctionRevertedError, createPublicClient, getAddress, http, zeroHash } from 'viem'
import { startNetwork } from './network.mjs'
import { verifiedFile } from './verified.mjs'

const here = import.meta.dirname
const { engineAbi, tokenAbi } = package_
/** @type {Awaited<ReturnType<typeof startNetwork>>} */
let network

before(async () => {
  network = await startNetwork()
})

after(() => network?.stop())

/** @param {string} name */
const artifact = (name) => JSON.parse(readFileSync(join(here, '..', '..', 'artifacts', name), 'utf8'))

for (const client of ['viem', 'ethers']) {
  test(`${client} submits a task, hears of its solution and gets the picture`, async () => {
    const { stdout } = await promisify(execFile)(
      execPath,
      [join(here, `${client}.mjs`), 'a red car', 'arbius.json', network.gateway],
      { cwd: network.folder },
    )
    // What the book shows, with an ellipsis for what differs each time.
    const shown = readFileSync(join(here, 'prints.txt'), 'utf8').replace('viem', client)
    const pattern = shown.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&').replaceAll('…', '[0-9A-Za-z]+')
    assert.match(stdout, new RegExp(`^${pattern}$`))
    const lines = stdout.trimEnd().split('\n').map((line) => line.split(/ {2,}/))
    assert.match(lines[1][1], /^0x[0-9a-f]{64}$/)
    // Whose key `arbius mine` takes on a local chain.
    assert.equal(lines[2][1], getAddress(network.deployment.accounts[4].address))
    const picture = readFileSync(join(network.folder, `${client}.png`))
    assert.equal(picture.subarray(0, 8).toString('latin1'), '\x89PNG\r\n\x1a\n')
  })
}

test('bytes that are not the answer are refused, whatever the gateway says', async () => {
  const liar = createServer(async (request, response) => {
    const honest = await fetch(network.gateway + request.url)
    const car = Buffer.from(await honest.arrayBuffer())
    // Within the last block.
    car[car.length - 20] ^= 1
    response.end(car)
  })
  await new Promise((listening) => liar.listen(0, '127.0.0.1', () => listening(undefined)))
  const { port } = /** @type {import('node:net').AddressInfo} */ (liar.address())
  const { rpc, contracts } = network.deployment
  const provider = new JsonRpcProvider(rpc)
  const engine = new Contract(contracts.engine, engineAbi, provider)
  const [solved] = await engine.queryFilter('SolutionSubmitted', 0)
  assert.ok(solved instanceof EventLog)
  const { cid } = await engine.solutions(solved.args.task)
  const honest = await verifiedFile(network.gateway, getBytes(cid), 'out-1.png')
  assert.equal(honest.bytes.subarray(1, 4).toString(), 'PNG')
  await assert.rejects(verifiedFile(`http://127.0.0.1:${port}`, getBytes(cid), 'out-1.png'), /sends other bytes than/)
  await assert.rejects(verifiedFile(network.gateway, getBytes(cid), 'no-such.png'), /no-such.png|not found|exist/i)
  provider.destroy()
  liar.close()
})

test('a gateway that sends byte after byte and never ends is given up', async () => {
  const slow = createServer((_, response) => {
    const drip = setInterval(() => response.write('a'), 20)
    response.on('close', () => clearInterval(drip))
  })
  await new Promise((listening) => slow.listen(0, '127.0.0.1', () => listening(undefined)))
  const { port } = /** @type {import('node:net').AddressInfo} */ (slow.address())
  const answer = Uint8Array.from([0x12, 0x20, ...new Uint8Array(32)])
  await assert.rejects(verifiedFile(`http://127.0.0.1:${port}`, answer, 'out-1.png', 300), { name: 'TimeoutError' })
  slow.closeAllConnections()
  slow.close()
})

test('viem names the errors of the engine and of the token', async () => {
  const { rpc, contracts, accounts } = network.deployment
  const client = createPublicClient({ transport: http(rpc) })
  const account = getAddress(accounts[1].address)
  const claim = client.simulateContract({
    account,
    address: contracts.engine,
    abi: engineAbi,
    functionName: 'claimSolution',
    args: [zeroHash],
  })
  assert.deepEqual(await refusal(claim), { name: 'SolutionNotFound', args: undefined })
  const transfer = client.simulateContract({
    account,
    address: contracts.token,
    abi: tokenAbi,
    functionName: 'transfer',
    args: [contracts.engine, 1n],
  })
  assert.deepEqual(await refusal(transfer), { name: 'ERC20InsufficientBalance', args: [account, 0n, 1n] })
})

/**
 * The error of the contract's own that viem's refusal carries.
 * @param {Promise<unknown>} call
 */
async function refusal(call) {
  const error = await call.then(() => assert.fail('it was not refused'), (error) => error)
  assert.ok(error instanceof BaseError, String(error))
  const reverted = error.walk((cause) => cause instanceof ContractFunctionRevertedError)
  assert.ok(reverted instanceof ContractFunctionRevertedError, String(error))
  return { name: reverted.data?.errorName, args: reverted.data?.args }
}

test('ethers names the errors of the engine and of the token', async () => {
  const { rpc, contracts, accounts } = network.deployment
  const provider = new JsonRpcProvider(rpc)
  const wallet = new Wallet(accounts[1].key, provider)
  const engine = new Contract(contracts.engine, engineAbi, wallet)
  const token = new Contract(contracts.token, tokenAbi, wallet)
  await assert.rejects(engine.claimSolution.staticCall(zeroHash), (error) => {
    assert.ok(isError(error, 'CALL_EXCEPTION'))
    assert.equal(error.revert?.name, 'SolutionNotFound')
    return true
  })
  await assert.rejects(token.transfer.staticCall(accounts[0].address, 1n), (error) => {
    assert.ok(isError(error, 'CALL_EXCEPTION'))
    assert.equal(error.revert?.name, 'ERC20InsufficientBalance')
    assert.deepEqual([...(error.revert?.args ?? [])], [wallet.address, 0n, 1n])
    return true
  })
  provider.destroy()
})

test('the package has every contract of the artifacts once, as they are', () => {
  /** @type {{ contracts: { name: string }[] }} */
  const { contracts } = artifact('manifest.json')
  const require = createRequire(import.meta.url)
  const exported = new Set(Object.values(package_).map((abi) => JSON.stringify(abi)))
  assert.equal(exported.size, Object.keys(package_).length)
  for (const { name } of contracts) {
    const abi = artifact(`${name}.json`)
    assert.ok(exported.has(JSON.stringify(abi)), `${name} is missing`)
    if (name !== 'engine-rest') assert.deepEqual(require(`@arbius/abi/${name}.json`), abi)
  }
})
