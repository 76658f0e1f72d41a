import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Backoff } from '../src/backoff.js';

test('the first failure is answered at once, those that follow soon ever later, up to a limit', () => {
  const backoff = new Backoff();
  const delays = Array.from({ length: 10 }, () => backoff.next(0));
  assert.deepEqual(delays, [0, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

test('a failure after a healthy while, or after a reset, is a first one', () => {
  const backoff = new Backoff();
  backoff.next(0);
  backoff.next(0);
  assert.equal(backoff.next(10_000), 0);
  backoff.next(0);
  backoff.reset();
  assert.equal(backoff.next(0), 0);
});
