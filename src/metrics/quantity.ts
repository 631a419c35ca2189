const THOUSAND = 1000

/**
 * An exact sum of quantities with up to three decimals, as units have them: whole numbers and thousandths are summed
 * apart, so no decimal is lost as long as the whole stays below 2^53.
 */
export class Quantity {
  #whole = 0
  #thousandths = 0

  /** @param amount 0 or more, with three decimals at most; what is finer is rounded */
  add(amount: number): void {
    const whole = Math.trunc(amount)
    this.#whole += whole
    if (whole === amount) return
    this.#thousandths += Math.round((amount - whole) * THOUSAND)
    if (this.#thousandths < THOUSAND) return
    this.#whole++
    this.#thousandths -= THOUSAND
  }

  /** The sum. It never decreases. */
  get value(): number {
    return this.#whole + this.#thousandths / THOUSAND
  }
}
