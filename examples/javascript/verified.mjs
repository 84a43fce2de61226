// Reads a file of an answer from a gateway that nobody has to trust: its blocks come as a CAR, and
// each is hashed before it is believed.

// ANCHOR: script
import { CarReader } from '@ipld/car'
import { exporter } from 'ipfs-unixfs-exporter'
import { equals } from 'multiformats/bytes'
import { CID } from 'multiformats/cid'
import * as multihash from 'multiformats/hashes/digest'
import { sha256 } from 'multiformats/hashes/sha2'

/** What an answer may be at most, so that a gateway cannot fill the memory. */
const LIMIT = 32 * 1024 * 1024

/** How long it may take to come, milliseconds, so that a gateway cannot make a program wait for ever. */
const PATIENCE = 60_000

/**
 * A file in the folder that an answer is, and the folder's CID.
 * @param {string} gateway such as `http://127.0.0.1:8090`
 * @param {Uint8Array} answer as the engine has it: a multihash
 * @param {string} name the file's, such as `out-1.png`
 * @param {number} patience milliseconds
 */
export async function verifiedFile(gateway, answer, name, patience = PATIENCE) {
  const cid = CID.createV0(/** @type {any} */ (multihash.decode(answer)))
  const url = `${gateway}/ipfs/${cid}?format=car`
  const response = await fetch(url, { signal: AbortSignal.timeout(patience) })
  if (!response.ok || !response.body) throw new Error(`${url}: ${response.status} ${await response.text()}`)
  const car = await CarReader.fromBytes(await collect(response.body, LIMIT))
  const blocks = {
    /** @param {CID} wanted */
    async *get(wanted) {
      const block = await car.get(wanted)
      if (!block) throw new Error(`${url} lacks the block ${wanted}: ask another gateway`)
      const { digest } = await sha256.digest(block.bytes)
      if (!equals(digest, wanted.multihash.digest)) {
        throw new Error(`${url} sends other bytes than ${wanted}: ask another gateway`)
      }
      yield block.bytes
    },
  }
  const file = await exporter(`${cid}/${name}`, blocks)
  if (file.type !== 'file' && file.type !== 'raw') throw new Error(`${name} is a ${file.type}, not a file`)
  return { cid: cid.toString(), bytes: await collect(file.content(), LIMIT) }
}

/**
 * @param {AsyncIterable<Uint8Array>} pieces
 * @param {number} limit
 */
async function collect(pieces, limit) {
  const all = []
  let size = 0
  for await (const piece of pieces) {
    size += piece.length
    if (size > limit) throw new Error(`it is larger than ${limit} bytes`)
    all.push(piece)
  }
  return Buffer.concat(all)
}
// ANCHOR_END: script
