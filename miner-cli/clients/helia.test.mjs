// helia: what `arbius ipfs add` stored and `arbius ipfs serve` serves, fetched block by block
// and as a CAR, and verified by a client that shares no code with either.

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'

import { trustlessGateway } from '@helia/block-brokers'
import { car } from '@helia/car'
import { createHeliaHTTP } from '@helia/http'
import { httpGatewayRouting } from '@helia/routers'
import { unixfs } from '@helia/unixfs'
import { CarReader } from '@ipld/car'
import { CID } from 'multiformats/cid'

// Node.js has it from 22 on, and helia asks for it.
Promise.withResolvers ??= () => {
  const made = {}
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }))
  return made
}

const ROOT = join(import.meta.dirname, '..', '..')
const ARBIUS = join(env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'debug', 'arbius')

/** More leaves than one node links to, and a last one that is not full. */
const LARGE = 50 * 1024 * 1024 + 7

let folder, gateway, url, nodes

/** The CID of what is added. It must not stop this process, which has connections to keep. */
const add = async (...args) => {
  const options = { cwd: folder, encoding: 'utf8' }
  const { stdout } = await promisify(execFile)(ARBIUS, ['ipfs', 'add', ...args, '--json'], options)
  return CID.parse(JSON.parse(stdout).added[0].cid)
}

const ramp = (size) => {
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i++) bytes[i] = i % 251
  return bytes
}

/** A node that has nothing and asks the gateways alone. */
const helia = async (gateways = [url]) => {
  const node = await createHeliaHTTP({
    blockBrokers: [trustlessGateway({ allowInsecure: true, allowLocal: true })],
    routers: [httpGatewayRouting({ gateways })],
  })
  nodes.push(node)
  return node
}

const bytesOf = async (chunks) => {
  const parts = []
  for await (const chunk of chunks) parts.push(chunk)
  return Buffer.concat(parts)
}

before(async () => {
  nodes = []
  folder = mkdtempSync(join(tmpdir(), 'arbius-clients-'))
  gateway = spawn(ARBIUS, ['ipfs', 'serve', '--gateway', '127.0.0.1:0', '--json'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: gateway.stdout })) {
    url = JSON.parse(line).gateway
    break
  }
})

after(async () => {
  await Promise.all(nodes.map((node) => node.stop()))
  gateway?.kill('SIGINT')
  rmSync(folder, { recursive: true, force: true })
})

for (const [name, options] of [
  ['CIDv0', []],
  ['CIDv1 with raw leaves', ['--cid-version', '1']],
]) {
  test(`a large file of ${name} comes block by block`, async () => {
    const bytes = ramp(LARGE)
    writeFileSync(join(folder, 'large.bin'), bytes)
    const cid = await add('large.bin', ...options)
    const fs = unixfs(await helia())
    assert.equal((await fs.stat(cid)).size, BigInt(LARGE))
    assert.ok(Buffer.from(bytes).equals(await bytesOf(fs.cat(cid))))
  })
}

test('a directory comes with its files', async () => {
  const tree = join(folder, 'tree')
  mkdirSync(tree)
  writeFileSync(join(tree, 'ä b.txt'), 'with a name')
  writeFileSync(join(tree, 'empty'), '')
  const cid = await add('--recursive', 'tree')
  const fs = unixfs(await helia())
  const names = []
  for await (const entry of fs.ls(cid)) names.push(entry.name)
  assert.deepEqual(names.sort(), ['empty', 'ä b.txt'])
  assert.equal((await bytesOf(fs.cat(cid, { path: '/ä b.txt' }))).toString(), 'with a name')
})

test('a file is found in a sharded directory', async () => {
  const many = join(folder, 'many')
  mkdirSync(many)
  // So many bytes of names that one block does not hold them.
  const name = (number) => `${'a long name '.repeat(20)}${number}`
  for (let i = 0; i < 1000; i++) writeFileSync(join(many, name(i)), `${i}`)
  const cid = await add('--recursive', 'many')
  const response = await fetch(`${url}/ipfs/${cid}?format=car&dag-scope=entity`)
  const reader = await CarReader.fromIterable(response.body)
  const shards = []
  for await (const cid of reader.cids()) shards.push(cid)
  assert.ok(shards.length > 1, 'it is not sharded')
  const fs = unixfs(await helia())
  assert.equal((await bytesOf(fs.cat(cid, { path: `/${name(321)}` }))).toString(), '321')
})

test('a CAR holds all that a node needs', async () => {
  const bytes = ramp(3_000_000)
  mkdirSync(join(folder, 'boxed'))
  writeFileSync(join(folder, 'boxed', 'a.bin'), bytes)
  const cid = await add('--recursive', 'boxed')
  const response = await fetch(`${url}/ipfs/${cid}?format=car`)
  assert.equal(response.headers.get('content-type'), 'application/vnd.ipld.car; version=1; order=dfs; dups=n')
  const reader = await CarReader.fromIterable(response.body)
  assert.deepEqual((await reader.getRoots()).map(String), [String(cid)])
  // A node without gateways: what it reads was in the CAR, and it has hashed it.
  const node = await helia([])
  await car(node).import(reader)
  const read = await bytesOf(unixfs(node).cat(cid, { path: '/a.bin', offline: true }))
  assert.ok(Buffer.from(bytes).equals(read))
})

test('a part of a file comes as a CAR of the blocks that hold it', async () => {
  writeFileSync(join(folder, 'part.bin'), ramp(3_000_000))
  const cid = await add('part.bin')
  const response = await fetch(`${url}/ipfs/${cid}?format=car&entity-bytes=300000:300999`)
  const node = await helia([])
  await car(node).import(await CarReader.fromIterable(response.body))
  const part = unixfs(node).cat(cid, { offset: 300_000, length: 1_000, offline: true })
  assert.ok(Buffer.from(ramp(301_000).subarray(300_000)).equals(await bytesOf(part)))
})
