// A local network for the tests: `arbius devnet` and `arbius mine`.

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import { createInterface } from 'node:readline'

const target = env.CARGO_TARGET_DIR ?? join(import.meta.dirname, '..', '..', 'target')
const command = join(target, 'debug', 'arbius')
// Without the settings that it has for another miner.
const environment = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('ARBIUS_')))

/**
 * Starts a command of arbius in `folder`, and waits for the line that says it runs.
 * @param {string} folder
 * @param {string[]} args
 * @param {RegExp} ready
 */
async function start(folder, args, ready) {
  const child = spawn(command, args, { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const line of createInterface({ input: child.stdout })) {
    const found = line.match(ready)
    if (found) {
      // What it says from now on is read and dropped, so that it never waits for a reader.
      child.stdout.resume()
      return { found, stop: () => new Promise((stopped) => child.on('exit', stopped) && child.kill()) }
    }
  }
  throw new Error(`arbius ${args.join(' ')} ended before it ran`)
}

/** A chain with the contracts and a miner that serves its pictures. End it with `stop()`. */
export async function startNetwork() {
  if (!existsSync(command)) {
    throw new Error(`${command} is missing: cargo build --workspace --bin arbius`)
  }
  const folder = mkdtempSync(join(tmpdir(), 'arbius-'))
  const devnet = await start(folder, ['devnet', '--port', '0'], /^RPC /)
  const miner = await start(folder, ['mine', '--gateway', '127.0.0.1:0'], /served at (http:\/\/[^\s;]+)/)
  return {
    folder,
    gateway: miner.found[1],
    deployment: JSON.parse(readFileSync(join(folder, 'arbius.json'), 'utf8')),
    async stop() {
      await miner.stop()
      await devnet.stop()
      rmSync(folder, { recursive: true })
    },
  }
}
