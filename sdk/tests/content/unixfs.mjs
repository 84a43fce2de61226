// Makes unixfs.json: the CIDs that an implementation of UnixFS in another language gives.
//
//   npm install ipfs-unixfs-importer@17.1.1 blockstore-core@7.0.1
//   node unixfs.mjs > unixfs.json
//
// The importer runs with the settings that Kubo has for CIDv0: dag-pb leaves, blocks of
// 262,144 bytes, a balanced tree of 174 links. Cases with a smaller block and fewer links
// reach the depths that would take gigabytes otherwise. Content is a ramp: byte i of n is
// i mod 251.
import { importer } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { balanced } from 'ipfs-unixfs-importer/layout'
import { MemoryBlockstore } from 'blockstore-core'
import { readFileSync } from 'node:fs'

const version = JSON.parse(readFileSync('node_modules/ipfs-unixfs-importer/package.json')).version

const ramp = (n) => {
  const bytes = new Uint8Array(n)
  for (let i = 0; i < n; i++) bytes[i] = i % 251
  return bytes
}

const last = async (files, chunk, width, wrap) => {
  let entry
  for await (const made of importer(files, new MemoryBlockstore(), {
    cidVersion: 0,
    rawLeaves: false,
    chunker: fixedSize({ chunkSize: chunk }),
    layout: balanced({ maxChildrenPerNode: width }),
    wrapWithDirectory: wrap
  })) entry = made
  return { cid: entry.cid.toString(), tsize: Number(entry.size) }
}

const KUBO = [262144, 174]
const full = 174 * 262144
const files = []
for (const [chunk, width, sizes] of [
  [...KUBO, [0, 1, 100, 65536, 262143, 262144, 262145, 524288, 1000000, full - 1, full, full + 1]],
  [10, 3, [9, 10, 11, 29, 30, 31, 60, 89, 90, 91, 269, 270, 271, 299, 809, 810, 811, 5000]],
  [64, 2, [64, 65, 128, 129, 255, 256, 257, 511, 512, 513, 10000]]
]) {
  for (const n of sizes) {
    files.push({ ramp: n, chunk, width, ...(await last([{ path: 'f', content: ramp(n) }], chunk, width, false)) })
  }
}

const directories = []
for (const entries of [
  [],
  [['out.png', 100]],
  [['b', 1], ['a', 2], ['B', 3]],
  [['out-2.png', 300000], ['out-1.png', 10], ['out-10.png', 0], ['Bild ä.png', 262145]],
  [['images/1.png', 10], ['images/0.png', 20], ['info.json', 5]]
]) {
  const sources = entries.map(([path, n]) => ({ path, content: ramp(n) }))
  const made = entries.length === 0
    ? await last([{ path: 'empty' }], ...KUBO, false)
    : await last(sources, ...KUBO, true)
  directories.push({ entries, ...made })
}

console.log(JSON.stringify({
  made_by: `ipfs-unixfs-importer ${version}, see unixfs.mjs`, files, directories
}, null, 1))
