// Compiles solidity/*.sol.
//
//   node compile.mjs           writes ../tests/solidity/NAME.json, which the devnet's own
//                              tests run, so that they need no compiler
//   node compile.mjs --check   fails if those files are not what the sources compile to

import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { argv, exit } from 'node:process'
import { fileURLToPath } from 'node:url'
import solc from 'solc'

const here = import.meta.dirname
const SOURCES = join(here, 'solidity')
const ARTIFACTS = join(here, '..', 'tests', 'solidity')

/** Compiles all sources and returns `{ name: { abi, bytecode } }` of what has code. */
export function compile() {
  const files = readdirSync(SOURCES).filter((file) => file.endsWith('.sol')).sort()
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(
      files.map((file) => [file, { content: readFileSync(join(SOURCES, file), 'utf8') }]),
    ),
    settings: {
      optimizer: { enabled: true, runs: 200 },
      // The hash of the sources would change the bytecode with every comment.
      metadata: { appendCBOR: false },
      outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
    },
  }
  const output = JSON.parse(solc.compile(JSON.stringify(input)))
  const complaints = (output.errors ?? []).map((error) => error.formattedMessage)
  if (complaints.length > 0) throw new Error(complaints.join('\n'))
  const contracts = {}
  for (const units of Object.values(output.contracts)) {
    for (const [name, { abi, evm }] of Object.entries(units)) {
      if (evm.bytecode.object) contracts[name] = { abi, bytecode: `0x${evm.bytecode.object}` }
    }
  }
  return contracts
}

function main() {
  const check = argv.includes('--check')
  mkdirSync(ARTIFACTS, { recursive: true })
  let stale = false
  for (const [name, contract] of Object.entries(compile())) {
    const path = join(ARTIFACTS, `${name}.json`)
    const text = `${JSON.stringify({ compiler: solc.version(), ...contract }, null, 1)}\n`
    if (!check) {
      writeFileSync(path, text)
    } else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
      console.error(`${path} is not what solidity/ compiles to: run node compile.mjs`)
      stale = true
    }
  }
  if (stale) exit(1)
}

if (argv[1] === fileURLToPath(import.meta.url)) main()
