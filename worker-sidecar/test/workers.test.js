/** Workers that die, are replaced, or do not start. */

import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { SidecarProcess, startSidecar, temporaryDir } from './support/sidecar-process.js';
import { until } from './support/until.js';
import { closeWorkerNotification, dumpRequest } from './support/worker-messages.js';

test('a worker killed with SIGKILL is back within 2 s, and only its own client notices', async (t) => {
  const sidecar = await startSidecar(t, { CONNECT_WORKERS: '2' });
  const control = await sidecar.control();
  const [before, other] = (await control.get('status')).slots;
  const [client, otherClient] = [await sidecar.channel(0), await sidecar.channel(1)];
  const killed = performance.now();
  process.kill(before.pid, 'SIGKILL');
  assert.deepEqual(await control.event('worker-exited'), {
    ...{ slot: 0, pid: before.pid, incarnation: before.incarnation },
    ...{ code: null, signal: 'SIGKILL' },
  });
  const started = await control.event('worker-started');
  assert.ok(performance.now() - killed < 2_000);
  assert.equal(started.slot, 0);
  assert.notEqual(started.incarnation, before.incarnation);
  await client.end();
  const next = await sidecar.channel(0);
  next.send(dumpRequest(1));
  await next.response(1);
  otherClient.send(dumpRequest(1));
  await otherClient.response(1);
  const [after, otherAfter] = (await control.get('status')).slots;
  assert.equal(after.pid, started.pid);
  assert.equal(after.restarts, 1);
  assert.equal(otherAfter.incarnation, other.incarnation);
});

test('a worker that closes itself is replaced', async (t) => {
  const sidecar = await startSidecar(t);
  const control = await sidecar.control();
  (await sidecar.channel()).send(closeWorkerNotification());
  assert.equal((await control.event('worker-exited')).code, 0);
  await control.event('worker-started');
});

test('a restart that is asked for replaces the worker', async (t) => {
  const sidecar = await startSidecar(t);
  const control = await sidecar.control();
  const { incarnation } = await control.slot(0);
  assert.deepEqual(await control.get('restart', { slot: 0 }), {});
  assert.equal((await control.event('worker-exited')).incarnation, incarnation);
  assert.notEqual((await control.event('worker-started')).incarnation, incarnation);
});

test('a restart kills a worker that stands still', async (t) => {
  const sidecar = await startSidecar(t);
  const control = await sidecar.control();
  process.kill((await control.slot(0)).pid, 'SIGSTOP');
  await control.get('restart', { slot: 0 });
  assert.equal((await control.event('worker-exited')).signal, 'SIGKILL');
  await control.event('worker-started');
});

test('a worker that cannot start is tried again ever later, and clients are refused meanwhile', async (t) => {
  const dir = await temporaryDir(t);
  const bin = path.join(dir, 'mediasoup-worker');
  // It passes the check of a binary, but fails when told to start.
  await writeFile(bin, '#!/bin/sh\n[ -n "$MEDIASOUP_VERSION" ] || exit 41\necho "of no use" >&2\nexit 42\n');
  await chmod(bin, 0o755);
  const sidecar = new SidecarProcess(path.join(dir, 'run'), { MEDIASOUP_WORKER_BIN: bin });
  t.after(() => sidecar.stop());
  await until(() => sidecar.log.some(({ message }) => message === 'listening'), 'the sidecar');
  const control = await sidecar.control();
  const waits = (/** @type {any} */ { state, restarts }) => state === 'backoff' && restarts >= 2;
  const status = await control.slotWhen(0, waits, 'back-off');
  assert.equal(status.pid, null);
  assert.equal(status.incarnation, null);
  assert.equal(status.startedAt, null);
  await (await sidecar.channel()).end();
  assert.deepEqual(control.events, []);
  const { slot, level, message } = sidecar.log.find(({ source }) => source === 'worker');
  assert.deepEqual([slot, level, message], [0, 'error', 'of no use']);
  assert.equal(await sidecar.stop(), 0);
});

test("the workers' log is in the sidecar's, at its level, with slot and pid", async (t) => {
  const sidecar = await startSidecar(t, { CONNECT_LOG_LEVEL: 'debug', CONNECT_WORKER_LOG_LEVEL: 'debug' });
  const { pid } = await (await sidecar.control()).slot(0);
  const line = await until(() => sidecar.log.find((one) => one.source === 'worker'), 'a line of the worker');
  assert.equal(line.level, 'debug');
  assert.equal(line.slot, 0);
  assert.equal(line.pid, pid);
  assert.match(line.message, /^\S+/);
});

test('workers are in a session of their own, and are not told our settings', async (t) => {
  const sidecar = await startSidecar(t, { CONNECT_DATABASE_URL: 'a-secret' });
  const { pid } = await (await sidecar.control()).slot(0);
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const [, , processGroup, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  assert.deepEqual([processGroup, session], [String(pid), String(pid)]);
  assert.doesNotMatch(await readFile(`/proc/${pid}/environ`, 'utf8'), /CONNECT_/);
});
