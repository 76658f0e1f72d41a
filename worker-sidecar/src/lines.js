/** Bytes ↔ lines, of a bounded length. No socket here. */

const NEWLINE = 0x0a;

/** A line that is longer than allowed. What is left of it comes out as another line. */
export class LineTooLongError extends Error {
  name = 'LineTooLongError';
}

/** Cuts a stream of bytes into lines. */
export class LineSplitter {
  #maxLength;
  /** @type {Buffer[]} */
  #chunks = [];
  #length = 0;

  /** @param {number} maxLength - bytes of the longest line, without its newline */
  constructor(maxLength) {
    this.#maxLength = maxLength;
  }

  /**
   * Add a chunk, then yield each line that is now complete, without its newline.
   *
   * @param {Buffer} chunk
   * @returns {Generator<Buffer>}
   * @throws {LineTooLongError}
   */
  *push(chunk) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#add(chunk.subarray(start, end));
      start = end + 1;
      yield this.#take();
    }
    this.#add(chunk.subarray(start));
  }

  /** @param {Buffer} part */
  #add(part) {
    this.#chunks.push(part);
    this.#length += part.length;
    if (this.#length <= this.#maxLength) return;
    this.#take();
    throw new LineTooLongError(`line of more than ${this.#maxLength} bytes`);
  }

  #take() {
    const line = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#length = 0;
    return line;
  }
}
