/**
 * Small opaque records that the app keeps here, so that it can find its calls again after a restart.
 *
 * They belong to one worker and die with it: a record can never outlive the media that it describes.
 */

import { ControlError } from './control-error.js';

/** Bytes of a key, of a value, and of all keys and values of one worker. */
const MAX_KEY_SIZE = 256;
const MAX_VALUE_SIZE = 262_144;
const MAX_TOTAL_SIZE = 16_777_216;

/** How many records one worker may have. */
const MAX_RECORDS = 16_384;

/** How many deletions are needed at least to make it worth to move the records to a new map. */
const RENEW_AFTER = 64;

/** The records of one worker. Full means refused: nothing is ever dropped to make room. */
export class StateRecords {
  /** @type {Map<string, string>} */
  #records = new Map();
  #totalSize = 0;
  /** Since the map is in use. */
  #deletions = 0;

  /**
   * @param {string} key
   * @param {string} value
   * @throws {ControlError} too_large or full
   */
  put(key, value) {
    if (Buffer.byteLength(key) > MAX_KEY_SIZE) {
      throw new ControlError('too_large', `key of more than ${MAX_KEY_SIZE} bytes`);
    }
    if (Buffer.byteLength(value) > MAX_VALUE_SIZE) {
      throw new ControlError('too_large', `value of more than ${MAX_VALUE_SIZE} bytes`);
    }
    const totalSize = this.#totalSize - this.#sizeOf(key) + recordSize(key, value);
    if (totalSize > MAX_TOTAL_SIZE) {
      throw new ControlError('full', `more than ${MAX_TOTAL_SIZE} bytes of records`);
    }
    if (!this.#records.has(key) && this.#records.size >= MAX_RECORDS) {
      throw new ControlError('full', `more than ${MAX_RECORDS} records`);
    }
    this.#records.set(key, value);
    this.#totalSize = totalSize;
  }

  /** @param {string} key */
  get(key) {
    return this.#records.get(key) ?? null;
  }

  /** @param {string} prefix */
  list(prefix) {
    const records = [...this.#records].map(([key, value]) => ({ key, value }));
    return records.filter(({ key }) => key.startsWith(prefix));
  }

  /**
   * @param {string} key
   * @returns {boolean} whether it was there
   */
  delete(key) {
    this.#totalSize -= this.#sizeOf(key);
    const deleted = this.#records.delete(key);
    if (deleted) this.#renew();
    return deleted;
  }

  /**
   * Move to a new map now and then.
   *
   * V8 links the table that a map has left, with all that was in it, to the one that it moved to. Once one of
   * them is in the old generation it keeps alive all that follow, until the next full collection.
   */
  #renew() {
    this.#deletions += 1;
    if (this.#deletions < Math.max(RENEW_AFTER, this.#records.size)) return;
    this.#records = new Map(this.#records);
    this.#deletions = 0;
  }

  /**
   * @param {string} key
   * @returns {number} bytes that its record takes; 0 without one
   */
  #sizeOf(key) {
    const value = this.#records.get(key);
    return value === undefined ? 0 : recordSize(key, value);
  }
}

/**
 * @param {string} key
 * @param {string} value
 */
function recordSize(key, value) {
  return Buffer.byteLength(key) + Buffer.byteLength(value);
}
