/** How long to wait before the next try of something that keeps failing. */

/** Milliseconds. */
const FIRST_DELAY = 250;
const MAX_DELAY = 30_000;

/** What lived for so many milliseconds counts as healthy. */
const HEALTHY_AFTER = 10_000;

/** At once for the first failure; doubling delays for those that follow soon. */
export class Backoff {
  #failures = 0;

  /**
   * @param {number} lifetime - milliseconds that what has just failed had lived
   * @returns {number} milliseconds to wait
   */
  next(lifetime) {
    if (lifetime >= HEALTHY_AFTER) this.#failures = 0;
    this.#failures += 1;
    if (this.#failures === 1) return 0;
    return Math.min(FIRST_DELAY * 2 ** (this.#failures - 2), MAX_DELAY);
  }

  /** Forget past failures. */
  reset() {
    this.#failures = 0;
  }
}
