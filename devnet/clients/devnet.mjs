// Starts the devnet that a client is tried against, and what is deployed on it.

import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { env } from 'node:process'
import { createInterface } from 'node:readline'
import { brotliCompressSync, constants } from 'node:zlib'
import wabt from 'wabt'

const here = import.meta.dirname
export const ROOT = join(here, '..', '..')
const TARGET = env.CARGO_TARGET_DIR ?? join(ROOT, 'target')
const SERVE = join(TARGET, 'debug', 'examples', 'serve')

export const ARB_WASM = '0x0000000000000000000000000000000000000071'
/** More than any activation here costs; the rest comes back. */
export const ACTIVATION_VALUE = 10n ** 17n

/** ABI and bytecode of a contract in solidity/, as compile.mjs wrote them. */
export function contract(name) {
  return JSON.parse(readFileSync(join(here, '..', 'tests', 'solidity', `${name}.json`), 'utf8'))
}

/** WASM from its text form. */
export async function assemble(text, name = 'program.wat') {
  return Buffer.from((await wabt()).parseWat(name, text).toBinary({}).buffer)
}

/** The WASM of the program that does what its input says. */
export async function actorWasm() {
  const path = join(here, '..', 'tests', 'common', 'actor.wat')
  return assemble(readFileSync(path, 'utf8'), path)
}

/** Init code that deploys WASM as a program. */
export function programInitCode(wasm) {
  const compressed = brotliCompressSync(wasm, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22 },
  })
  const code = Buffer.concat([Buffer.from('eff00000', 'hex'), compressed])
  const length = code.length.toString(16).padStart(4, '0')
  // PUSH2 length DUP1 PUSH1 10 PUSH0 CODECOPY PUSH0 RETURN, then the code
  return `0x61${length}80600a5f395ff3${code.toString('hex')}`
}

/** What the actor does; see ../tests/common/actor.wat. */
export const ACT = { store: '0x00', load: '0x01', call: '0x02' }

/** A fresh chain on a free port, with its url and funded accounts. End it with `stop()`. */
export async function startDevnet() {
  if (!existsSync(SERVE)) {
    throw new Error(`${SERVE} is missing: cargo build --workspace --example serve`)
  }
  const child = spawn(SERVE, ['0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const accounts = []
  let chainId, url
  for await (const line of createInterface({ input: child.stdout })) {
    const chain = line.match(/^chain (\d+) at (http\S+)$/)
    const account = line.match(/^(0x[0-9a-fA-F]{40}) with key (0x[0-9a-f]{64})$/)
    if (chain) [chainId, url] = [Number(chain[1]), chain[2]]
    if (account) accounts.push({ address: account[1], key: account[2] })
    if (accounts.length === 10) break
  }
  if (accounts.length < 10) throw new Error('the devnet did not start')
  return {
    url,
    ws: url.replace('http', 'ws'),
    chainId,
    accounts,
    stop: () => new Promise((stopped) => child.on('exit', stopped) && child.kill()),
  }
}
