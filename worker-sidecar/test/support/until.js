/** Waiting for what must become true. */

import { setTimeout as pause } from 'node:timers/promises';

/**
 * @template T
 * @param {() => T | Promise<T>} condition - asked again and again until its answer is truthy
 * @param {string} what - for the error
 * @param {number} [limit] - milliseconds
 * @returns {Promise<NonNullable<T>>} that answer
 */
export async function until(condition, what, limit = 10_000) {
  const end = Date.now() + limit;
  for (;;) {
    const answer = await condition();
    if (answer) return /** @type {NonNullable<T>} */ (answer);
    if (Date.now() > end) throw new Error(`waited ${limit} ms in vain: ${what}`);
    await pause(10);
  }
}

/**
 * @param {number} pid
 * @returns {boolean} whether there is such a process
 */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
