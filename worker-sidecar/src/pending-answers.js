/** Whose request an answer belongs to. */

/** How many forgotten requests make it worth to move the others up. */
const COMPACT_AFTER = 1_024;

/**
 * Requests that the worker has not answered yet, oldest first.
 *
 * The worker answers in order. Ids alone would not do: each client counts from 1.
 *
 * @template Owner
 */
export class PendingAnswers {
  /** @type {{ id: number, owner: Owner }[]} */
  #requests = [];
  /** Where the oldest one is. What lies before is forgotten. */
  #head = 0;

  /**
   * @param {number} id
   * @param {Owner} owner
   */
  add(id, owner) {
    this.#requests.push({ id, owner });
  }

  /**
   * @param {number} id - of an answer
   * @returns {Owner | undefined} undefined when nobody asked
   */
  take(id) {
    for (let index = this.#head; index < this.#requests.length; index += 1) {
      const request = this.#requests[index];
      if (request.id !== id) continue;
      // Requests older than one that was answered will never be: the worker could not send their answers.
      this.#head = index + 1;
      this.#compact();
      return request.owner;
    }
    return undefined;
  }

  #compact() {
    const allForgotten = this.#head === this.#requests.length;
    if (!allForgotten && (this.#head < COMPACT_AFTER || this.#head * 2 < this.#requests.length)) return;
    this.#requests.splice(0, this.#head);
    this.#head = 0;
  }
}
