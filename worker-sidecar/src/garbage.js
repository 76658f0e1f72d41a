/** Collecting garbage before it piles up: V8 lets it grow to more than all that lives here, and keeps its pages. */

import { getHeapStatistics } from 'node:v8';

/** Milliseconds between two collections. In a busy sidecar a megabyte of records dies meanwhile. */
const EVERY = 30_000;

/** Bytes of a heap that is left to V8: a collection stops everything, for some 10 ms in the usual 6 MB. */
const MAX_HEAP = 33_554_432;

/**
 * Collect from now on, as long as the process lives; if Node was started with --expose-gc.
 *
 * @param {number} [every] - milliseconds
 */
export function collectGarbage(every = EVERY) {
  const { gc } = globalThis;
  if (gc === undefined) return;
  const collect = () => getHeapStatistics().used_heap_size < MAX_HEAP && gc();
  setInterval(collect, every).unref();
}
