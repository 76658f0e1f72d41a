/** The worker's channel as bytes: size prefix ↔ frames. No socket here. */

/** Bytes of the size that precedes a message. */
export const PREFIX_SIZE = 4;

/** Bytes of the largest frame, its prefix included (worker/src/Channel/ChannelSocket.cpp). */
export const MAX_FRAME_SIZE = 8_388_608;

/** A size prefix that no frame may have. After it nothing in the stream can be delimited. */
export class FrameSizeError extends Error {
  name = 'FrameSizeError';
}

/** Cuts a stream of bytes into frames. */
export class FrameSplitter {
  /** @type {Buffer[]} */
  #chunks = [];
  #length = 0;

  /**
   * Add a chunk, then yield each frame that is now complete, its prefix included.
   *
   * @param {Buffer} chunk
   * @returns {Generator<Buffer>}
   * @throws {FrameSizeError}
   */
  *push(chunk) {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    while (this.#length >= PREFIX_SIZE) {
      const size = PREFIX_SIZE + this.#first(PREFIX_SIZE).readUInt32LE();
      if (size > MAX_FRAME_SIZE) throw new FrameSizeError(`frame of ${size} bytes, over ${MAX_FRAME_SIZE}`);
      if (this.#length < size) return;
      const first = this.#first(size);
      if (first.length === size) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(size);
      this.#length -= size;
      yield first.subarray(0, size);
    }
  }

  /**
   * The first chunk, which holds at least so many bytes. Chunks are joined only when they have to be, so a
   * large frame is copied once, however many chunks it came in.
   *
   * @param {number} size - no more than there are
   */
  #first(size) {
    if (this.#chunks[0].length < size) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0];
  }
}
