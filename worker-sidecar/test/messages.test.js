import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Kind, MalformedMessageError, readLogText, readMessage } from '../src/messages.js';
import {
  closeWorkerNotification,
  createRouterRequest,
  dumpRequest,
  log,
  response,
} from './support/worker-messages.js';

test('kind and id are read from what the official encoder wrote', () => {
  const cases = [
    { frame: dumpRequest(1), kind: Kind.REQUEST, id: 1 },
    { frame: createRouterRequest(4_294_967_295, 'a-router'), kind: Kind.REQUEST, id: 4_294_967_295 },
    { frame: response(77), kind: Kind.RESPONSE, id: 77 },
    { frame: closeWorkerNotification(), kind: Kind.NOTIFICATION, id: 0 },
    { frame: log('Dhello'), kind: Kind.LOG, id: 0 },
  ];
  for (const message of cases) assert.deepEqual(readMessage(message.frame), message);
});

test('the text of a log message is read whole', () => {
  for (const text of ['', 'Wcareful', 'EZoë said 你好']) assert.equal(readLogText(log(text)), text);
});

test('a message cut short or with any byte changed is read or refused, never read beyond its end', () => {
  const whole = log('Wcareful');
  const broken = [...whole.keys()].flatMap((index) => {
    const changed = [0x00, 0x01, 0x7f, 0x80, 0xff].map((byte) => {
      const copy = Buffer.from(whole);
      copy[index] = byte;
      return copy;
    });
    return [whole.subarray(0, index), ...changed];
  });
  for (const frame of broken) {
    for (const read of [readMessage, readLogText]) {
      try {
        read(frame);
      } catch (error) {
        assert.ok(error instanceof MalformedMessageError, String(error));
      }
    }
  }
});
