/** A field of answers that looks like an id and names nothing that anybody could use. */
interface Excuse {
  /** Operations whose answers have it. */
  readonly operations: RegExp
  /** Paths to it. */
  readonly paths: RegExp
  readonly reason: string
}

/** Why fields that look like ids need not be declared. Every row must be needed: a test checks it. */
export const EXCUSES: readonly Excuse[] = [
  {
    operations: /./,
    paths: /^trace_id$/,
    reason: 'Names a call for the support; no operation takes it.',
  },
  {
    operations: /^(|chat\..*)$/,
    paths: /^request_id$/,
    reason: 'Names a call for the support; no operation takes it.',
  },
  {
    operations: /^(|chat\.(native|openai|legacy|legacy_pro|anthropic|responses))$/,
    paths: /^(id|message\.id|response\.id)$/,
    reason: 'Names an answer that MiniMax does not keep: no operation reads, continues or deletes one.',
  },
  {
    operations: /^chat\.responses$/,
    paths: /^(output\[\]\.id|item\.id|item_id|response\.output\[\]\.id|.*call_id)$/,
    reason: 'Names a part of the answer that it stands in.',
  },
  {
    operations: /^chat\.(native|openai)$/,
    paths: /^choices\[\]\.(message|delta)\.(tool_calls|reasoning_details)\[\]\.id$/,
    reason: 'Names a call of a tool, or a thought, within one conversation, which its client holds.',
  },
  {
    operations: /^chat\.anthropic$/,
    paths: /^(content\[\]|content_block)\.id$/,
    reason: 'Names a call of a tool within one conversation, which its client holds.',
  },
  {
    operations: /^models\./,
    paths: /^(id|data\[\]\.id|first_id|last_id)$/,
    reason: "Names a model, which is everybody's.",
  },
  {
    operations: /^speech\.websocket/,
    paths: /^session_id$/,
    reason: 'Names the connection that it is told on; no operation takes it.',
  },
  {
    operations: /^speech\.async\.create$/,
    paths: /^task_token$/,
    reason: 'No operation takes it: a task is asked about by its task_id.',
  },
  {
    operations: /^image\.create$/,
    paths: /^id$/,
    reason: 'Names the call: pictures come in the answer, and no operation takes it.',
  },
  {
    operations: /^transcription\.create$/,
    paths: /^segments\[\]\.id$/,
    reason: 'Counts the pieces of the text from 0.',
  },
]

/** @returns the row that a field is excused by */
export function excuseOf(operation: string, path: string): Excuse | undefined {
  return EXCUSES.find(({ operations, paths }) => operations.test(operation) && paths.test(path))
}
