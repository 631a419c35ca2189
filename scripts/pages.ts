import { format, resolveConfig } from 'prettier'
import { configurationPage } from './configuration-page.ts'
import { dashboardFiles } from './dashboards.ts'

/** A file that is made from the code, and never written by hand. */
export interface Page {
  readonly path: string
  readonly text: string
}

const GENERATORS: readonly { path: string; parser: 'markdown' | 'json'; make: () => string }[] = [
  { path: 'docs/configuration.md', parser: 'markdown', make: configurationPage },
  ...dashboardFiles.map(({ path, make }) => ({ path, parser: 'json' as const, make })),
]

/** Every generated page, in the form that the formatter wants, so that `npm run lint` agrees with `npm run docs`. */
export async function pages(): Promise<readonly Page[]> {
  const style = (await resolveConfig(import.meta.filename)) ?? {}
  return Promise.all(
    GENERATORS.map(async ({ path, parser, make }) => ({
      path,
      text: await format(make(), { ...style, parser }),
    })),
  )
}
