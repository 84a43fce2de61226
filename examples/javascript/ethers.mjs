// Asks for a picture with ethers.js.
//
//   node ethers.mjs "a red car" [arbius.json [GATEWAY]]

// ANCHOR: script
import { readFileSync, writeFileSync } from 'node:fs'
import { argv } from 'node:process'
import { engineAbi, tokenAbi } from '@arbius/abi'
import { Contract, EventLog, JsonRpcProvider, Wallet, formatEther, getBytes, parseEther, toUtf8Bytes, toUtf8String } from 'ethers'
import { verifiedFile } from './verified.mjs'

const [prompt = 'a red car', file = 'arbius.json', gateway = 'http://127.0.0.1:8090'] = argv.slice(2)
const { rpc, contracts, accounts, block } = JSON.parse(readFileSync(file, 'utf8'))

const provider = new JsonRpcProvider(rpc, undefined, { pollingInterval: 100, cacheTimeout: -1 })
// An account of the local chain, whose key everybody knows.
const wallet = new Wallet(accounts[3].key, provider)
const engine = new Contract(contracts.engine, engineAbi, wallet)
const token = new Contract(contracts.token, tokenAbi, wallet)

// Which models there are, by their templates.
const [model] = await engine.queryFilter('ModelTemplate', block)
if (!(model instanceof EventLog)) throw new Error(`no model is registered on ${rpc}`)
const { meta } = JSON.parse(toUtf8String(model.args.template))
const { fee } = await engine.models(model.args.id)
const offer = fee + parseEther('0.1')
console.log(`model     ${meta.title}, for ${formatEther(offer)} AIUS`)

await (await token.approve(engine.target, offer)).wait()
const input = toUtf8Bytes(JSON.stringify({ prompt }))
const sent = await engine.submitTask(0, wallet.address, model.args.id, offer, input)
const receipt = await sent.wait()
/** @type {EventLog[]} */
const events = receipt.logs.filter((/** @type {unknown} */ log) => log instanceof EventLog)
const submitted = events.find((event) => event.eventName === 'TaskSubmitted')
if (!submitted) throw new Error(`transaction ${receipt.hash} submitted nothing`)
const task = submitted.args.id
console.log(`task      ${task}`)

// Some miner's answer. It may have come already, so the past is looked at after listening begins.
const answers = engine.filters.SolutionSubmitted(null, task)
const solver = await new Promise(async (resolve) => {
  await engine.once(answers, (/** @type {import('ethers').ContractEventPayload} */ event) => resolve(event.args.addr))
  const [earlier] = await engine.queryFilter(answers, receipt.blockNumber)
  if (earlier instanceof EventLog) resolve(earlier.args.addr)
})
const { cid } = await engine.solutions(task)
console.log(`solver    ${solver}`)
// Checked against the chain's hash, so any gateway will do.
const picture = await verifiedFile(gateway, getBytes(cid), 'out-1.png')
writeFileSync('ethers.png', picture.bytes)
console.log(`picture   ethers.png, of ${picture.cid}`)
provider.destroy()
// ANCHOR_END: script
