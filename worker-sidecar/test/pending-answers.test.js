import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PendingAnswers } from '../src/pending-answers.js';

test('answers come in order, so the same id of two clients belongs to the older request first', () => {
  /** @type {PendingAnswers<string>} */
  const pending = new PendingAnswers();
  for (const owner of ['departed', 'present']) {
    for (const id of [1, 2]) pending.add(id, owner);
  }
  const owners = [1, 2, 1, 2].map((id) => pending.take(id));
  assert.deepEqual(owners, ['departed', 'departed', 'present', 'present']);
});

test('a request that was passed over is forgotten', () => {
  /** @type {PendingAnswers<string>} */
  const pending = new PendingAnswers();
  pending.add(1, 'departed');
  pending.add(2, 'present');
  pending.add(1, 'present');
  assert.equal(pending.take(2), 'present');
  assert.equal(pending.take(1), 'present');
});

test('an answer that nobody asked for is for nobody', () => {
  assert.equal(new PendingAnswers().take(1), undefined);
});
