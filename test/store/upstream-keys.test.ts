import { openSqliteStore } from '../../src/store/sqlite.ts'
import { describeUpstreamKeys } from '../contract/upstream-keys.ts'

describeUpstreamKeys('SQLite', () => openSqliteStore({ path: ':memory:' }))
