/** How a call ended, as far as it matters to whoever keeps its answer. */
export interface AnswerEnding {
  /** The answer has come in full, whether or not the caller was there to take it. */
  readonly isWhole: boolean
  /** Whether the caller asked for a stream: such an answer is not handed to the keeper. */
  readonly isStream: boolean
  /** The whole request has left, or may have, and upstream has not said that it does not take it on. */
  readonly mayHaveRun: boolean
}

/** Who keeps the answer of one call, so that it can be given again. What moves the bytes knows no more of it than this. */
export interface AnswerKeeper {
  /** The answer begins; not called where there is none, or where it is a stream. */
  begin(status: number, contentType: string): void
  /** Bytes of its body, as the caller gets them, or would. */
  take(bytes: Buffer): void
  /** The call has ended. @param done before it the caller may not have the last byte; comes exactly once */
  end(ending: AnswerEnding, done: () => void): void
}
