import { openSqliteStore } from '../../src/store/sqlite.ts'
import { describeLedger } from '../contract/ledger.ts'

describeLedger('SQLite', () => openSqliteStore({ path: ':memory:' }))
