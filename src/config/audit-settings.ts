import { duration } from './kinds.ts'

/** The settings about what operators do; they stand among the others in schema.ts. */
export const auditSettings = {
  audit_retention: duration(
    '720h',
    {
      description: 'How long the audit log keeps what operators changed through the admin API.',
      default: '17520h',
      examples: ['43800h'],
    },
    '3650d',
  ),
}
