import { abuse } from './dashboards/abuse.ts'
import { gateway } from './dashboards/gateway.ts'
import { grafanaModel } from './dashboards/grafana.ts'
import type { Dashboard } from './dashboards/model.ts'
import { overview } from './dashboards/overview.ts'
import { upstream } from './dashboards/upstream.ts'
import { users } from './dashboards/users.ts'

/** Every dashboard that compose provisions, in the order in which to look at them. */
export const DASHBOARDS: readonly Dashboard[] = [overview, users, abuse, upstream, gateway]

/** A dashboard as a file. */
export interface DashboardFile {
  /** From the root of the repository. */
  readonly path: string
  readonly make: () => string
}

/** The files of deploy/grafana/dashboards. */
export const dashboardFiles: readonly DashboardFile[] = DASHBOARDS.map((dashboard) => ({
  path: `deploy/grafana/dashboards/${dashboard.name}.json`,
  make: () => JSON.stringify(grafanaModel(dashboard)),
}))
