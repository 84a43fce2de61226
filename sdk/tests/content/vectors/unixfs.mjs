// Makes unixfs.json: the CIDs and CARs that implementations of UnixFS and CAR in another
// language give.
//
//   npm ci && node unixfs.mjs > unixfs.json
//
// `importer` is what helia imports with. Content is a ramp: byte i of n is i mod 251. Cases
// with a smaller chunk and fewer links reach the depths that would take gigabytes otherwise.
import { CarWriter } from '@ipld/car'
import * as dagPB from '@ipld/dag-pb'
import { MemoryBlockstore } from 'blockstore-core'
import { importer } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { balanced } from 'ipfs-unixfs-importer/layout'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

const versionOf = (name) =>
  JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version

const ramp = (n) => {
  const bytes = new Uint8Array(n)
  for (let i = 0; i < n; i++) bytes[i] = i % 251
  return bytes
}

const KUBO = { chunk: 262144, width: 174, version: 0, raw: false }
const KUBO_V1 = { ...KUBO, version: 1, raw: true }
const V1_2025 = { ...KUBO_V1, chunk: 1048576, width: 1024, profile: 'unixfs-v1-2025' }

const last = async (files, layout, wrap, store = new MemoryBlockstore()) => {
  let entry
  for await (const made of importer(files, store, {
    profile: layout.profile ?? 'unixfs-v0-2015',
    cidVersion: layout.version,
    rawLeaves: layout.raw,
    chunker: fixedSize({ chunkSize: layout.chunk }),
    layout: balanced({ maxChildrenPerNode: layout.width }),
    wrapWithDirectory: wrap
  })) entry = made
  return { root: entry.cid, cid: entry.cid.toString(), tsize: Number(entry.size) }
}

const MIB = 1048576
const full = 174 * 262144
const asked = [0, 1, 262143, 262144, 262145, MIB - 1, MIB, MIB + 1, full - 1, full, full + 1, 50 * MIB]
const files = []
for (const [layout, sizes] of [
  [KUBO, [...asked, 100, 65536, 524288, 1000000]],
  [KUBO_V1, asked],
  [{ ...KUBO, raw: true }, asked],
  [{ ...KUBO_V1, raw: false }, asked],
  [{ ...KUBO, chunk: MIB }, asked],
  [{ ...KUBO_V1, chunk: 65536 }, asked],
  [V1_2025, asked],
  [{ ...KUBO, chunk: 10, width: 3 }, [9, 10, 11, 29, 30, 31, 60, 89, 90, 91, 269, 270, 271, 299, 809, 810, 811, 5000]],
  [{ ...KUBO, chunk: 64, width: 2 }, [64, 65, 128, 129, 255, 256, 257, 511, 512, 513, 10000]]
]) {
  for (const n of sizes) {
    const { cid, tsize } = await last([{ path: 'f', content: ramp(n) }], layout, false)
    files.push({ ramp: n, ...layout, cid, tsize })
  }
}

// Directories: files by path and size, or so many that are named alike: `count` files of
// `ramp` bytes, the number of each in eight digits before `suffix`.
const directories = []
const plain = [
  { entries: [] },
  { entries: [['out.png', 100]] },
  { entries: [['b', 1], ['a', 2], ['B', 3]] },
  { entries: [['out-2.png', 300000], ['out-1.png', 10], ['out-10.png', 0], ['Bild ä.png', 262145]] },
  { entries: [['images/1.png', 10], ['images/0.png', 20], ['info.json', 5]] },
  { entries: [['a/b/c/d/e.txt', 1], ['a/b/c.txt', 2], ['a/b-c/x', 3], ['a.txt', 4], ['z/0', 300000]] }
]
// 262,144 bytes are 6,241 names of 8 bytes with CIDs of 34, and 22 bytes more; or 5,957 names
// with CIDs of 36, and 36 bytes more. One name is longer, to hit the threshold to the byte.
const many = [
  { layout: KUBO, count: 6240, ramp: 1, suffix: '', longer: 22 + 8 },
  { layout: KUBO, count: 6240, ramp: 1, suffix: '', longer: 22 + 9 },
  { layout: KUBO_V1, count: 5957, ramp: 1, suffix: '', longer: 0 },
  { layout: KUBO_V1, count: 5958, ramp: 1, suffix: '', longer: 0 },
  { layout: KUBO, count: 20000, ramp: 3, suffix: '.png', longer: 0 },
  { layout: KUBO_V1, count: 20000, ramp: 3, suffix: '.png', longer: 0 },
  { layout: V1_2025, count: 4000, ramp: 3, suffix: '.jpeg', longer: 0 },
  { layout: V1_2025, count: 6000, ramp: 3, suffix: '.jpeg', longer: 0 }
]
const namesOf = ({ count, suffix, longer }) => [
  ...Array.from({ length: count }, (_, i) => String(i).padStart(8, '0') + suffix),
  ...(longer ? ['x'.repeat(longer)] : [])
]
for (const layout of [KUBO, KUBO_V1, V1_2025]) {
  for (const { entries } of plain) {
    const sources = entries.map(([path, n]) => ({ path, content: ramp(n) }))
    const { cid, tsize } = entries.length === 0
      ? await last([{ path: 'empty' }], layout, false)
      : await last(sources, layout, true)
    directories.push({ ...layout, entries, cid, tsize })
  }
}
for (const { layout, ...names } of many) {
  const sources = namesOf(names).map((path) => ({ path, content: ramp(names.ramp) }))
  const { cid, tsize } = await last(sources, layout, true)
  directories.push({ ...layout, ...names, cid, tsize })
}

// CARs: what lies beneath a root depth first, each block once, as `ipfs dag export` has it.
const cars = []
const carOf = async (root, store) => {
  const { writer, out } = CarWriter.create([root])
  const parts = []
  const collected = (async () => { for await (const part of out) parts.push(part) })()
  const seen = new Set()
  const ahead = [root]
  while (ahead.length > 0) {
    const cid = ahead.pop()
    if (seen.has(cid.toString())) continue
    seen.add(cid.toString())
    const pieces = []
    for await (const piece of store.get(cid)) pieces.push(piece)
    const bytes = Buffer.concat(pieces)
    await writer.put({ cid, bytes })
    if (cid.code === dagPB.code) {
      ahead.push(...dagPB.decode(bytes).Links.map((link) => link.Hash).reverse())
    }
  }
  await writer.close()
  await collected
  return { bytes: Buffer.concat(parts), blocks: seen.size }
}
const car = async (layout, sources, wrap, described) => {
  const store = new MemoryBlockstore()
  const { root, cid } = await last(sources, layout, wrap, store)
  const { bytes, blocks } = await carOf(root, store)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  cars.push({ ...layout, ...described, cid, blocks, bytes: bytes.length, sha256 })
}
for (const layout of [KUBO, KUBO_V1]) {
  for (const n of [0, 1, 262145, full + 1]) {
    await car(layout, [{ path: 'f', content: ramp(n) }], false, { ramp: n })
  }
  for (const { entries } of plain.slice(1)) {
    const sources = entries.map(([path, n]) => ({ path, content: ramp(n) }))
    await car(layout, sources, true, { entries })
  }
  const names = { count: 7000, ramp: 2, suffix: '', longer: 0 }
  const sources = namesOf(names).map((path) => ({ path, content: ramp(names.ramp) }))
  await car(layout, sources, true, names)
}

const packages = ['ipfs-unixfs-importer', '@ipld/car', '@ipld/dag-pb', 'blockstore-core']
const by = packages.map((name) => `${name} ${versionOf(name)}`).join(', ')
// One case a line.
const lines = (cases) => `[\n${cases.map((one) => `  ${JSON.stringify(one)}`).join(',\n')}\n ]`
console.log(`{
 "made_by": ${JSON.stringify(`${by}, see unixfs.mjs`)},
 "files": ${lines(files)},
 "directories": ${lines(directories)},
 "cars": ${lines(cars)}
}`)
