/** Calls back once after so many milliseconds. @returns takes it back */
export type Timer = (callback: () => void, milliseconds: number) => () => void

/** The timer of the runtime. It does not keep the process alive. */
export const systemTimer: Timer = (callback, milliseconds) => {
  const timeout = setTimeout(callback, milliseconds)
  timeout.unref()
  return () => clearTimeout(timeout)
}
