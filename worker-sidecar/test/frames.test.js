import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FrameSizeError, FrameSplitter, MAX_FRAME_SIZE } from '../src/frames.js';

/** @param {string} text */
function frame(text) {
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32LE(text.length);
  return Buffer.concat([prefix, Buffer.from(text)]);
}

test('a stream cut anywhere comes out as its frames', () => {
  const frames = [frame('one'), frame(''), frame('three')];
  const stream = Buffer.concat(frames);
  for (let cut = 0; cut <= stream.length; cut += 1) {
    const splitter = new FrameSplitter();
    const out = [...splitter.push(stream.subarray(0, cut)), ...splitter.push(stream.subarray(cut))];
    assert.deepEqual(out, frames);
  }
});

test('a stream of single bytes comes out as its frames', () => {
  const frames = [frame('one'), frame(''), frame('three')];
  const splitter = new FrameSplitter();
  const out = [...Buffer.concat(frames)].flatMap((byte) => [...splitter.push(Buffer.of(byte))]);
  assert.deepEqual(out, frames);
});

test('the largest frame passes, and the next larger one does not', () => {
  const largest = frame('x'.repeat(MAX_FRAME_SIZE - 4));
  assert.deepEqual([...new FrameSplitter().push(largest)], [largest]);
  const tooLarge = frame('x'.repeat(MAX_FRAME_SIZE - 3));
  assert.throws(() => [...new FrameSplitter().push(tooLarge.subarray(0, 4))], FrameSizeError);
});

test('frames before one that is too large come out', () => {
  const stream = Buffer.concat([frame('one'), Buffer.alloc(4, 0xff)]);
  const frames = new FrameSplitter().push(stream);
  assert.deepEqual(frames.next().value, frame('one'));
  assert.throws(() => frames.next(), FrameSizeError);
});
