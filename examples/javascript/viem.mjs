// Asks for a picture with viem.
//
//   node viem.mjs "a red car" [arbius.json [GATEWAY]]

// ANCHOR: script
import { readFileSync, writeFileSync } from 'node:fs'
import { argv } from 'node:process'
import { engineAbi, tokenAbi } from '@arbius/abi'
import {
  createPublicClient,
  createWalletClient,
  defineChain,
  formatEther,
  hexToBytes,
  hexToString,
  http,
  parseEther,
  parseEventLogs,
  parseSignature,
  stringToHex,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { verifiedFile } from './verified.mjs'

const [prompt = 'a red car', file = 'arbius.json', gateway = 'http://127.0.0.1:8090'] = argv.slice(2)
const { rpc, chainId, contracts, accounts, block } = JSON.parse(readFileSync(file, 'utf8'))

const chain = defineChain({
  id: chainId,
  name: 'Arbius',
  nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  rpcUrls: { default: { http: [rpc] } },
})
// An account of the local chain, whose key everybody knows.
const account = privateKeyToAccount(accounts[3].key)
const client = createPublicClient({ chain, transport: http(), pollingInterval: 100 })
const wallet = createWalletClient({ account, chain, transport: http() })
const engine = /** @type {const} */ ({ address: contracts.engine, abi: engineAbi })
const token = /** @type {const} */ ({ address: contracts.token, abi: tokenAbi })

// Which models there are, by their templates.
const [model] = await client.getContractEvents({ ...engine, eventName: 'ModelTemplate', fromBlock: BigInt(block), strict: true })
if (!model) throw new Error(`no model is registered on ${rpc}`)
const { meta } = JSON.parse(hexToString(model.args.template))
const [fee] = await client.readContract({ ...engine, functionName: 'models', args: [model.args.id] })
const offer = fee + parseEther('0.1')
console.log(`model     ${meta.title}, for ${formatEther(offer)} AIUS`)

// The fee by a signature instead of an approval: one transaction in all.
const nonce = await client.readContract({ ...token, functionName: 'nonces', args: [account.address] })
const [, name, version] = await client.readContract({ ...token, functionName: 'eip712Domain' })
const deadline = BigInt(Math.floor(Date.now() / 1000) + 3600)
const signature = await account.signTypedData({
  domain: { name, version, chainId, verifyingContract: token.address },
  types: {
    Permit: [
      { name: 'owner', type: 'address' },
      { name: 'spender', type: 'address' },
      { name: 'value', type: 'uint256' },
      { name: 'nonce', type: 'uint256' },
      { name: 'deadline', type: 'uint256' },
    ],
  },
  primaryType: 'Permit',
  message: { owner: account.address, spender: engine.address, value: offer, nonce, deadline },
})
const { yParity, r, s } = parseSignature(signature)
const input = stringToHex(JSON.stringify({ prompt }))
const { request } = await client.simulateContract({
  ...engine,
  account,
  functionName: 'submitTaskWithPermit',
  args: [0, account.address, model.args.id, offer, input, deadline, 27 + yParity, r, s],
})
const receipt = await client.waitForTransactionReceipt({ hash: await wallet.writeContract(request) })
const [submitted] = parseEventLogs({ abi: engineAbi, eventName: 'TaskSubmitted', logs: receipt.logs })
if (!submitted) throw new Error(`transaction ${receipt.transactionHash} submitted nothing`)
const task = submitted.args.id
console.log(`task      ${task}`)

// Some miner's answer.
const solver = await /** @type {Promise<`0x${string}`>} */ (
  new Promise((resolve, reject) => {
    const stop = client.watchContractEvent({
      ...engine,
      eventName: 'SolutionSubmitted',
      args: { task },
      fromBlock: receipt.blockNumber,
      strict: true,
      onLogs: ([log]) => {
        stop()
        if (log) resolve(log.args.addr)
      },
      onError: reject,
    })
  })
)
const [, , , cid] = await client.readContract({ ...engine, functionName: 'solutions', args: [task] })
console.log(`solver    ${solver}`)
// Checked against the chain's hash, so any gateway will do.
const picture = await verifiedFile(gateway, hexToBytes(cid), 'out-1.png')
writeFileSync('viem.png', picture.bytes)
console.log(`picture   viem.png, of ${picture.cid}`)
// ANCHOR_END: script
