/** The control socket. */

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';

import { startSidecar } from './support/sidecar-process.js';

test('hello says what this sidecar is', async (t) => {
  const sidecar = await startSidecar(t, { CONNECT_WORKERS: '3' });
  const { schemas, ...hello } = await (await sidecar.control()).get('hello');
  assert.deepEqual(hello, { protocol: 1, release: '3.27.1', pid: sidecar.pid, slots: [0, 1, 2] });
  assert.ok((await readdir(schemas)).includes('message.fbs'));
});

test('status tells all of a running slot', async (t) => {
  const sidecar = await startSidecar(t);
  const { pid, incarnation, startedAt, rss, ...rest } = await (await sidecar.control()).slot(0);
  assert.deepEqual(rest, {
    ...{ slot: 0, state: 'running', attached: false, dropped: 0, restarts: 0 },
    ...{ framesToWorker: 0, framesFromWorker: 0, bytesToWorker: 0, bytesFromWorker: 0 },
  });
  assert.ok(pid > 0 && rss > 1_000_000 && incarnation.length > 0);
  assert.ok(Date.now() - Date.parse(startedAt) < 60_000);
});

test('what is wrong with a request is answered by name, and the connection lives', async (t) => {
  const sidecar = await startSidecar(t);
  const control = await sidecar.control();
  const put = { method: 'state.put', id: 1 };
  /** @type {[string | Buffer, number | string | null, string][]} */
  const cases = [
    ['{"id": 1, "method": ', null, 'bad_json'],
    ['', null, 'bad_json'],
    [Buffer.from([0x22, 0xff, 0x22]), null, 'bad_json'],
    ['[]', null, 'bad_request'],
    ['null', null, 'bad_request'],
    ['{"method": "hello"}', null, 'bad_request'],
    ['{"id": {}, "method": "hello"}', null, 'bad_request'],
    ['{"id": 7}', 7, 'bad_request'],
    ['{"id": "x", "method": "hello", "data": []}', 'x', 'bad_request'],
    ['{"id": 8, "method": "fly"}', 8, 'unknown_method'],
    ['{"id": 8, "method": "constructor"}', 8, 'unknown_method'],
    ['{"id": 9, "method": "restart"}', 9, 'bad_request'],
    ['{"id": 9, "method": "restart", "data": {"slot": 5}}', 9, 'unknown_slot'],
    ['{"id": 9, "method": "restart", "data": {"slot": -1}}', 9, 'unknown_slot'],
    ['{"id": 9, "method": "restart", "data": {"slot": 0.5}}', 9, 'unknown_slot'],
    [JSON.stringify({ ...put, data: { slot: 0, incarnation: 'x', key: 'k' } }), 1, 'bad_request'],
    [JSON.stringify({ ...put, data: { slot: 0, incarnation: 'x', key: 'k', value: 5 } }), 1, 'bad_request'],
    ['{"id": 2, "method": "state.list", "data": {"slot": 0, "prefix": 1}}', 2, 'bad_request'],
  ];
  for (const [line, id, name] of cases) {
    control.socket.write(line);
    control.socket.write('\n');
    const answer = await control.answer();
    assert.equal(answer.id, id, String(line));
    assert.equal(answer.ok, false);
    assert.equal(answer.error.name, name, String(line));
    assert.ok(answer.error.message);
  }
  await control.get('hello');
});

test('a line over the limit is answered, and the connection closed', async (t) => {
  const sidecar = await startSidecar(t);
  const control = await sidecar.control();
  control.socket.write('x'.repeat(1_048_577));
  const answer = await control.answer();
  assert.equal(answer.id, null);
  assert.equal(answer.error.name, 'bad_json');
  await control.closed;
  await (await sidecar.control()).get('hello');
});

test('requests that come together are answered in order', async (t) => {
  const sidecar = await startSidecar(t);
  const control = await sidecar.control();
  const requests = Array.from({ length: 500 }, (_, id) => ({ id, method: id % 2 ? 'hello' : 'status' }));
  control.socket.write(requests.map((request) => `${JSON.stringify(request)}\n`).join(''));
  const ids = [];
  for (let count = 0; count < 500; count += 1) ids.push((await control.answer()).id);
  assert.deepEqual(ids, [...ids.keys()]);
});

test('every client is told of events', async (t) => {
  const sidecar = await startSidecar(t);
  const clients = await Promise.all([sidecar.control(), sidecar.control(), sidecar.control()]);
  await clients[0].get('hello');
  await clients[1].get('hello');
  await clients[2].get('restart', { slot: 0 });
  for (const client of clients) await client.event('worker-started');
});

test('a client that never reads neither blocks the others nor lives long', async (t) => {
  const sidecar = await startSidecar(t);
  const [lazy, diligent] = [await sidecar.control(), await sidecar.control()];
  const { incarnation } = await diligent.slot(0);
  const value = 'v'.repeat(200_000);
  for (let key = 0; key < 50; key += 1) {
    await diligent.get('state.put', { slot: 0, incarnation, key: String(key), value });
  }
  lazy.socket.pause();
  // Each would be answered with 10 MB.
  lazy.socket.write('{"id": 1, "method": "state.list", "data": {"slot": 0}}\n'.repeat(1_000));
  for (let count = 0; count < 20; count += 1) await diligent.get('hello');
  await diligent.get('restart', { slot: 0 });
  await diligent.event('worker-started');
  // It lags behind by more than an event may wait.
  lazy.socket.resume();
  await lazy.closed;
});

test('more clients than allowed are disconnected', async (t) => {
  const sidecar = await startSidecar(t);
  const clients = [];
  for (let count = 0; count < 64; count += 1) clients.push(await sidecar.control());
  for (const client of clients) await client.get('hello');
  await (await sidecar.control()).closed;
  clients[0].socket.destroy();
  await clients[0].closed;
  await clients[1].get('hello');
});
