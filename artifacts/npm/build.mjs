// Makes dist/ from the JSON ABIs in the folder above, which `cargo xtask contracts` writes.
// For each contract NAME: dist/NAME.json as it is there, dist/NAME.js that exports it, and
// dist/NAME.d.ts with the ABI as a type, so that viem knows every argument and result.

import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const here = import.meta.dirname
const artifacts = join(here, '..')
const root = join(artifacts, '..')
const dist = join(here, 'dist')

const read = (...path) => readFileSync(join(...path), 'utf8')

/** A value as the type that has no other value: what TypeScript makes of it by `as const`. */
function literalType(value, indent = '') {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const inner = `${indent}  `
  if (Array.isArray(value)) {
    if (value.length === 0) return 'readonly []'
    return `readonly [\n${value.map((item) => inner + literalType(item, inner)).join(',\n')}\n${indent}]`
  }
  const fields = Object.entries(value).map(
    ([name, field]) => `${inner}readonly ${name}: ${literalType(field, inner)}`,
  )
  return `{\n${fields.join('\n')}\n${indent}}`
}

const { version } = JSON.parse(read(here, 'package.json'))
if (!read(root, 'Cargo.toml').includes(`\nversion = "${version}"\n`)) {
  throw new Error(`package.json says version ${version}, Cargo.toml another: make them the same`)
}

rmSync(dist, { recursive: true, force: true })
mkdirSync(dist)
for (const licence of ['LICENSE-MIT', 'LICENSE-APACHE']) copyFileSync(join(root, licence), join(dist, licence))

const names = []
const seen = new Set()
for (const { name } of JSON.parse(read(artifacts, 'manifest.json')).contracts) {
  const json = read(artifacts, `${name}.json`)
  // A contract of several programs has one address and one ABI.
  if (seen.has(json)) continue
  seen.add(json)
  names.push(name)
  const abi = JSON.parse(json)
  const constant = `${name.replace(/-(.)/g, (_, letter) => letter.toUpperCase())}Abi`
  writeFileSync(join(dist, `${name}.json`), json)
  writeFileSync(join(dist, `${name}.js`), `export const ${constant} = ${JSON.stringify(abi, null, 2)}\n`)
  writeFileSync(
    join(dist, `${name}.d.ts`),
    `/** The ABI of the contract \`${name}\`. */\nexport declare const ${constant}: ${literalType(abi)}\n`,
  )
}
const index = names.map((name) => `export * from './${name}.js'\n`).join('')
for (const file of ['index.js', 'index.d.ts']) writeFileSync(join(dist, file), index)
console.log(`dist: the ABIs of ${names.join(', ')}`)
