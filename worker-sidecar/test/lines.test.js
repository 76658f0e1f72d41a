import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LineSplitter, LineTooLongError } from '../src/lines.js';

/**
 * @param {LineSplitter} splitter
 * @param {string} text
 */
function push(splitter, text) {
  return [...splitter.push(Buffer.from(text))].map(String);
}

test('a stream cut anywhere comes out as its lines', () => {
  const stream = 'one\n\nthree\n';
  for (let cut = 0; cut <= stream.length; cut += 1) {
    const splitter = new LineSplitter(5);
    const out = [...push(splitter, stream.slice(0, cut)), ...push(splitter, stream.slice(cut))];
    assert.deepEqual(out, ['one', '', 'three']);
  }
});

test('a line over the limit is refused, with its end in sight or not, and later lines come out', () => {
  for (const first of ['toolong', 'toolong\n']) {
    const splitter = new LineSplitter(6);
    assert.throws(() => push(splitter, first), LineTooLongError);
    assert.deepEqual(push(splitter, 'next\n'), ['next']);
  }
});
