import { importsOf, withoutComments, type Tree } from './sources.ts'

/** Packages that touch the world. Each is known to one file, so that it can be replaced there. */
export const DRIVERS = [
  'pg',
  'ioredis',
  'node:sqlite',
  'undici',
  'ws',
  'jose',
  'prom-client',
  'mmdb-lib',
  'nodemailer',
  '@fastify/http-proxy',
] as const

const MIDDLE = ['auth', 'limits', 'idempotency', 'tenancy', 'proxy', 'metering', 'abuse']

/** Layers from the top; a file imports from its own layer (see the middle's exception) or a lower one. */
const LAYERS: readonly (readonly string[])[] = [
  ['server', 'cli'],
  ['app'],
  ['routes'],
  MIDDLE,
  ['store', 'minimax', 'metrics'],
  ['config', 'errors', 'call', 'log', 'mail', 'signals'],
  ['lib'],
]

/** The part of the house a file of `src/` belongs to: its folder, or its own name at the top. */
function partOf(path: string): string {
  return path.replace(/^src\//, '').replace(/(\.ts$|\/.*$)/, '')
}

function layerOf(path: string): number {
  return LAYERS.findIndex((parts) => parts.includes(partOf(path)))
}

function edges(tree: Tree): [from: string, to: string][] {
  return [...importsOf(tree)].flatMap(([from, targets]) =>
    targets.filter((to) => to.startsWith('src/')).map((to): [string, string] => [from, to]),
  )
}

/** Files that import each other in a circle, each circle once. */
export function cycles(tree: Tree): string[] {
  const imports = importsOf(tree)
  const found: string[] = []
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) {
      found.push([...trail.slice(start), path].join(' → '))
      return
    }
    if (done.has(path)) return
    for (const target of imports.get(path) ?? []) visit(target, [...trail, path])
    done.add(path)
  }
  for (const path of imports.keys()) visit(path, [])
  return found
}

function againstLayers(from: string, to: string): string | undefined {
  const [upper, lower] = [layerOf(from), layerOf(to)]
  if (upper < 0) return `${from} belongs to no layer`
  if (lower < 0) return `${from} → ${to}: the target belongs to no layer`
  if (lower < upper) return `${from} → ${to}: imports run downwards only`
  const [part, target] = [partOf(from), partOf(to)]
  if (MIDDLE.includes(part) && MIDDLE.includes(target) && part !== target) {
    return `${from} → ${to}: the middle folders do not know each other; routes/proxy.ts puts them in order`
  }
  return undefined
}

function againstStore(from: string, to: string): string | undefined {
  if (partOf(to) !== 'store' || partOf(from) === 'store' || to === 'src/store/store.ts') return undefined
  if (from === 'src/app.ts') return undefined
  return `${from} → ${to}: only app.ts chooses the store; everybody else knows src/store/store.ts`
}

/** Imports against the direction of the layers, between middle folders, or past the store's interface. */
export function layerBreaches(tree: Tree): string[] {
  return edges(tree).flatMap(([from, to]) =>
    [againstLayers(from, to), againstStore(from, to)].filter((breach) => breach !== undefined),
  )
}

/** Drivers that more than one file imports. */
export function sharedDrivers(tree: Tree): string[] {
  const imports = [...importsOf(tree)]
  return DRIVERS.flatMap((driver) => {
    const users = imports
      .filter(([, targets]) => targets.some((target) => target === driver || target.startsWith(`${driver}/`)))
      .map(([path]) => path)
    return users.length > 1 ? [`${driver}: ${users.join(', ')}`] : []
  })
}

const READS_ENVIRONMENT =
  /\bprocess\s*(\?\.|\.)\s*env\b|\bprocess\s*\[|\benv\b[^\n]*from\s+['"](node:)?process['"]/

/** Files other than the loader that read the environment. */
export function environmentReaders(tree: Tree): string[] {
  return [...tree].flatMap(([path, code]) =>
    path !== 'src/config/load.ts' && READS_ENVIRONMENT.test(withoutComments(code)) ? [path] : [],
  )
}

/** Imports of product code from what is not shipped. */
export function unshippedImports(tree: Tree): string[] {
  return [...importsOf(tree)].flatMap(([from, targets]) =>
    targets
      .filter((to) => /^(emulator|test|bench|scripts|ui)\//.test(to) || to.startsWith('..'))
      .map((to) => `${from} → ${to}`),
  )
}
