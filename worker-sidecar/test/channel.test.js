/** The sockets of the workers, against the real worker. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { MAX_FRAME_SIZE } from '../src/frames.js';
import { startSidecar } from './support/sidecar-process.js';
import { until } from './support/until.js';
import { createRouterRequest, dumpRequest, resourceUsageRequest } from './support/worker-messages.js';

const MEBIBYTE = 1_048_576;

/** @param {number} pid */
async function residentSize(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

test('a client that attaches gets answers from the worker', async (t) => {
  const sidecar = await startSidecar(t);
  const client = await sidecar.channel();
  client.send(createRouterRequest(1, 'a-router'));
  client.send(dumpRequest(2));
  assert.equal((await client.response(1)).accepted, true);
  assert.deepEqual((await client.response(2)).routerIds, ['a-router']);
  const status = await (await sidecar.control()).slot(0);
  assert.equal(status.attached, true);
  assert.equal(status.framesToWorker, 2);
  assert.equal(status.framesFromWorker, 2);
  assert.equal(status.dropped, 0);
  assert.ok(status.bytesToWorker > 0 && status.bytesFromWorker > 0);
});

test('each slot has a worker of its own', async (t) => {
  const sidecar = await startSidecar(t, { CONNECT_WORKERS: '2' });
  const [first, second] = [await sidecar.channel(0), await sidecar.channel(1)];
  first.send(createRouterRequest(1, 'only-in-the-first'));
  second.send(dumpRequest(1));
  assert.equal((await first.response(1)).accepted, true);
  assert.deepEqual((await second.response(1)).routerIds, []);
});

test('a new client takes over and the old one is cut', async (t) => {
  const sidecar = await startSidecar(t);
  const old = await sidecar.channel();
  old.send(createRouterRequest(1, 'kept'));
  await old.response(1);
  const next = await sidecar.channel();
  await old.end();
  next.send(dumpRequest(1));
  assert.deepEqual((await next.response(1)).routerIds, ['kept']);
});

test('a frame that comes byte by byte reaches the worker whole', async (t) => {
  const sidecar = await startSidecar(t);
  const client = await sidecar.channel();
  client.socket.setNoDelay(true);
  for (const byte of dumpRequest(7)) client.send(Buffer.of(byte));
  assert.equal((await client.response(7)).body, 'Worker_DumpResponse');
});

test('a client that dies in the middle of a frame leaves the channel intact', async (t) => {
  const sidecar = await startSidecar(t);
  const control = await sidecar.control();
  const { pid } = await control.slot(0);
  for (const cut of [1, 3, 4, 20]) {
    const dying = await sidecar.channel();
    const request = createRouterRequest(1, 'half');
    dying.send(Buffer.concat([dumpRequest(2), request.subarray(0, cut)]));
    await dying.response(2);
    dying.socket.destroy();
    await control.slotWhen(0, ({ attached }) => !attached, 'the client to be gone');
    const next = await sidecar.channel();
    next.send(dumpRequest(3));
    assert.deepEqual((await next.response(3)).routerIds, []);
  }
  assert.equal((await control.slot(0)).pid, pid);
});

test('a frame over the limit cuts its client and never reaches the worker', async (t) => {
  const sidecar = await startSidecar(t);
  const { pid } = await (await sidecar.control()).slot(0);
  const client = await sidecar.channel();
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32LE(MAX_FRAME_SIZE - 3);
  client.send(prefix);
  await client.end();
  const next = await sidecar.channel();
  next.send(dumpRequest(1));
  await next.response(1);
  assert.equal((await (await sidecar.control()).slot(0)).pid, pid);
});

test('large frames pass, both ways', async (t) => {
  const sidecar = await startSidecar(t);
  const client = await sidecar.channel();
  const routerId = 'r'.repeat(2 * MEBIBYTE);
  client.send(createRouterRequest(1, routerId));
  client.send(dumpRequest(2));
  client.send(createRouterRequest(3, 'r'.repeat(MAX_FRAME_SIZE - 1024)));
  assert.equal((await client.response(1)).accepted, true);
  assert.deepEqual((await client.response(2)).routerIds, [routerId]);
  assert.equal((await client.response(3)).accepted, true);
});

test('a frame that holds no message cuts its client and never reaches the worker', async (t) => {
  const sidecar = await startSidecar(t);
  const { pid } = await (await sidecar.control()).slot(0);
  for (const body of [Buffer.alloc(0), Buffer.alloc(16), Buffer.alloc(64, 0xff)]) {
    const client = await sidecar.channel();
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32LE(body.length);
    client.send(Buffer.concat([prefix, body]));
    await client.end();
  }
  const next = await sidecar.channel();
  next.send(dumpRequest(1));
  await next.response(1);
  assert.equal((await (await sidecar.control()).slot(0)).pid, pid);
});

test("answers to a departed client's requests never reach the next one", async (t) => {
  const sidecar = await startSidecar(t);
  const control = await sidecar.control();
  const departing = await sidecar.channel();
  // A worker that stands still makes sure that the answers come after the take-over.
  const { pid } = await control.slot(0);
  process.kill(pid, 'SIGSTOP');
  for (let id = 1; id <= 50; id += 1) departing.send(dumpRequest(id));
  await control.slotWhen(0, ({ framesToWorker }) => framesToWorker === 50, 'the requests to be on their way');
  const next = await sidecar.channel();
  for (let id = 1; id <= 3; id += 1) next.send(resourceUsageRequest(id));
  process.kill(pid, 'SIGCONT');
  await next.response(3);
  assert.deepEqual(
    next.responses.map(({ id, body }) => [id, body]),
    [1, 2, 3].map((id) => [id, 'Worker_ResourceUsageResponse']),
  );
  assert.equal((await control.slot(0)).dropped, 50);
});

test('a worker is drained while nobody is attached', async (t) => {
  const sidecar = await startSidecar(t);
  const control = await sidecar.control();
  const client = await sidecar.channel();
  client.send(createRouterRequest(1, 'r'.repeat(MEBIBYTE)));
  await client.response(1);
  for (let id = 2; id <= 101; id += 1) client.send(dumpRequest(id));
  client.socket.end();
  await control.slotWhen(0, ({ dropped }) => dropped > 0, 'answers to be dropped');
  await control.slotWhen(0, ({ framesFromWorker }) => framesFromWorker === 101, 'the worker to be drained');
});

test('a client that never reads is cut, and neither blocks the worker nor grows the memory', async (t) => {
  const sidecar = await startSidecar(t);
  const control = await sidecar.control();
  const client = await sidecar.channel();
  client.send(createRouterRequest(1, 'r'.repeat(MEBIBYTE)));
  await client.response(1);
  const before = { sidecar: await residentSize(sidecar.pid), worker: (await control.slot(0)).rss };
  client.socket.pause();
  for (let id = 2; id <= 201; id += 1) client.send(dumpRequest(id));
  await control.slotWhen(0, ({ attached }) => !attached, 'the client to be cut');
  assert.ok(sidecar.log.some(({ message }) => message.includes('does not read')));
  const next = await sidecar.channel();
  next.send(resourceUsageRequest(1));
  await next.response(1);
  assert.ok((await residentSize(sidecar.pid)) - before.sidecar < 100 * MEBIBYTE);
  assert.ok((await control.slot(0)).rss - before.worker < 100 * MEBIBYTE);
});

test('a worker that does not read holds its client back, also the one who takes over', async (t) => {
  const sidecar = await startSidecar(t);
  const control = await sidecar.control();
  const { pid } = await control.slot(0);
  process.kill(pid, 'SIGSTOP');
  const request = createRouterRequest(1, 'r'.repeat(4 * MEBIBYTE));
  const first = await sidecar.channel();
  for (let sent = 0; sent < 16; sent += 1) first.send(request);
  await control.slotWhen(0, ({ framesToWorker }) => framesToWorker > 0, 'a first frame');
  const second = await sidecar.channel();
  await first.end();
  for (let sent = 0; sent < 16; sent += 1) second.send(request);
  await until(() => second.socket.writableNeedDrain, 'the client to be held back');
  const { framesToWorker } = await control.slot(0);
  assert.ok(framesToWorker <= 2, `${framesToWorker} frames were taken in`);
  process.kill(pid, 'SIGCONT');
  await until(() => second.responses.length >= 16, 'all answers', 20_000);
});
