/** Showing on stderr how far a long work is: one updating line on a terminal, sparse lines elsewhere. */

/** Off a terminal, a line for each of so many parts of the work. */
const PARTS = 20;

/** Writes progress to a stream. */
export class Progress {
  #stream;
  #shownPart = 0;

  /** @param {NodeJS.WriteStream} [stream] */
  constructor(stream = process.stderr) {
    this.#stream = stream;
  }

  /** @param {string} text */
  say(text) {
    this.#stream.write(`worker: ${text}\n`);
  }

  /**
   * @param {number} finished
   * @param {number} total
   */
  step(finished, total) {
    const text = `worker: building [${finished}/${total}]`;
    if (this.#stream.isTTY) {
      this.#stream.write(`\r${text}`);
      return;
    }
    const part = Math.floor((finished * PARTS) / total);
    if (part > this.#shownPart) this.#stream.write(`${text}\n`);
    this.#shownPart = part;
  }

  /** End the updating line. */
  done() {
    if (this.#stream.isTTY) this.#stream.write('\n');
  }
}
