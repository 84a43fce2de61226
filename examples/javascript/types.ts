// What TypeScript must know of the ABIs: `tsc` fails where one of these lines is not as it says.

import { engineAbi, governorAbi, tokenAbi } from '@arbius/abi'
import { tokenAbi as token } from '@arbius/abi/token'
import json from '@arbius/abi/engine.json' with { type: 'json' }
import { type Address, type Hex, createPublicClient, http } from 'viem'

const client = createPublicClient({ transport: http('http://127.0.0.1:8547') })
const address: Address = '0x0000000000000000000000000000000000000001'
const engine = { address, abi: engineAbi } as const
const task: Hex = '0x00'

export async function knowsFunctions() {
  const [validator, blocktime, claimed, cid] = await client.readContract({
    ...engine,
    functionName: 'solutions',
    args: [task],
  })
  const results: [Address, bigint, boolean, Hex] = [validator, blocktime, claimed, cid]
  const status: number = await client.readContract({ ...engine, functionName: 'taskStatus', args: [task] })
  const votes: bigint = await client.readContract({ address, abi: tokenAbi, functionName: 'getVotes', args: [address] })
  const receipt: { hasVoted: boolean; support: number; votes: bigint } = await client.readContract({
    address,
    abi: governorAbi,
    functionName: 'getReceipt',
    args: [1n, address],
  })
  return { results, status, votes, receipt }
}

export async function refusesWhatIsWrong() {
  // @ts-expect-error: no function of this name
  await client.readContract({ ...engine, functionName: 'solution', args: [task] })
  // @ts-expect-error: an argument of another type
  await client.readContract({ ...engine, functionName: 'solutions', args: [1n] })
  // @ts-expect-error: a function that changes something
  await client.readContract({ ...engine, functionName: 'claimSolution', args: [task] })
  // @ts-expect-error: no event of this name
  await client.getContractEvents({ ...engine, eventName: 'TaskSolved' })
}

export async function knowsEvents() {
  const events = await client.getContractEvents({ ...engine, eventName: 'TaskSubmitted', args: { sender: address }, strict: true })
  const fees: bigint[] = events.map((event) => event.args.fee)
  return fees
}

export const sameByItself: typeof tokenAbi = token
export const entries: { type: string }[] = json
