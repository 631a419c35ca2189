/** An upstream key that was added, or taken out of use, while the gateway ran. */
export interface UpstreamKeyRow {
  name: string
  account: string
  weight: number
  sealed: string | null
  disabled_at: number | null
  created_at: number
  updated_at: number
}
