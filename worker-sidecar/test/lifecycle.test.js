/** How the sidecar starts and ends. */

import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { SidecarProcess, startSidecar, temporaryDir } from './support/sidecar-process.js';
import { isAlive, until } from './support/until.js';

/** @param {SidecarProcess} sidecar */
async function workerPids(sidecar) {
  const { slots } = await (await sidecar.control()).get('status');
  return slots.map((/** @type {any} */ { pid }) => pid);
}

test('sockets are private', async (t) => {
  const sidecar = await startSidecar(t);
  assert.equal((await stat(sidecar.runDir)).mode & 0o777, 0o700);
  for (const name of ['sidecar.sock', 'worker-0.sock']) {
    assert.equal((await stat(path.join(sidecar.runDir, name))).mode & 0o777, 0o600, name);
  }
});

for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT'])) {
  test(`${signal} ends workers and connections, removes the sockets and exits with 0`, async (t) => {
    const sidecar = await startSidecar(t, { CONNECT_WORKERS: '2' });
    const pids = await workerPids(sidecar);
    const [control, client] = [await sidecar.control(), await sidecar.channel()];
    assert.equal(await sidecar.stop(signal), 0);
    await control.closed;
    await client.end();
    assert.deepEqual(pids.filter(isAlive), []);
    assert.deepEqual(await readdir(sidecar.runDir), ['sidecar.lock']);
    assert.equal(control.events.filter(({ event }) => event === 'worker-exited').length, 2);
  });
}

test('SIGTERM ends within seconds also what stands still and who does not read', async (t) => {
  const sidecar = await startSidecar(t);
  const [pid] = await workerPids(sidecar);
  const [control, client] = [await sidecar.control(), await sidecar.channel()];
  control.socket.pause();
  client.socket.pause();
  process.kill(pid, 'SIGSTOP');
  const asked = performance.now();
  assert.equal(await sidecar.stop(), 0);
  assert.ok(performance.now() - asked < 6_000);
  assert.equal(isAlive(pid), false);
});

test('workers exit when the sidecar is killed, and the next one starts in its place', async (t) => {
  const sidecar = await startSidecar(t, { CONNECT_WORKERS: '2' });
  const pids = await workerPids(sidecar);
  await sidecar.stop('SIGKILL');
  await until(() => !pids.some(isAlive), 'the workers to exit');
  const next = await SidecarProcess.start(sidecar.runDir);
  t.after(() => next.stop());
  assert.deepEqual((await readdir(sidecar.runDir)).sort(), ['sidecar.lock', 'sidecar.sock', 'worker-0.sock']);
});

test('a second sidecar refuses the same run directory, and the first does not notice', async (t) => {
  const first = await startSidecar(t);
  const [pid] = await workerPids(first);
  const second = new SidecarProcess(first.runDir);
  assert.equal(await second.exited, 1);
  assert.match(second.stderr, /another sidecar is running in .*CONNECT_RUN_DIR/);
  assert.deepEqual(await workerPids(first), [pid]);
});

test('of two sidecars that start at the same moment one gets the run directory', async (t) => {
  const runDir = path.join(await temporaryDir(t), 'run');
  const both = [new SidecarProcess(runDir), new SidecarProcess(runDir)];
  t.after(() => Promise.all(both.map((sidecar) => sidecar.stop())));
  const refused = await until(() => both.find((sidecar) => sidecar.gone), 'one to be refused');
  assert.equal(await refused.exited, 1);
  const [other] = both.filter((sidecar) => sidecar !== refused);
  await until(() => other.log.some(({ message }) => message === 'worker started'), 'the other to run');
  await (await other.control()).get('hello');
});

const badSettings = {
  CONNECT_WORKERS: 'many',
  CONNECT_LOG_LEVEL: 'loud',
  CONNECT_LOG_FORMAT: 'xml',
  CONNECT_WORKER_LOG_LEVEL: 'warning',
  CONNECT_WORKER_LOG_TAGS: 'ice,water',
  CONNECT_RUN_DIR: `/${'long'.repeat(30)}`,
};
for (const [name, value] of Object.entries(badSettings)) {
  test(`a bad ${name} stops the start with exit code 2 and its name`, async (t) => {
    const sidecar = new SidecarProcess(path.join(await temporaryDir(t), 'run'), { [name]: value });
    assert.equal(await sidecar.exited, 2);
    assert.match(sidecar.stderr, new RegExp(`${name}: `));
  });
}
