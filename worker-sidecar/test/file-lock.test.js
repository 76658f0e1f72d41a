import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';

import { withFileLock } from '../src/file-lock.js';
import { temporaryDir } from './support/sidecar-process.js';

test('only one works at a time, and whoever waits is told', async (t) => {
  const file = path.join(await temporaryDir(t), 'lock');
  let [working, most, waited] = [0, 0, 0];
  const work = async () => {
    working += 1;
    most = Math.max(most, working);
    // Long enough for another to come in, if it could.
    await new Promise((resolve) => setImmediate(resolve));
    working -= 1;
  };
  const all = Array.from({ length: 5 }, () => withFileLock(file, work, () => (waited += 1)));
  await Promise.all(all);
  assert.equal(most, 1);
  assert.ok(waited <= 4);
});

test('the lock is released when the work fails', async (t) => {
  const file = path.join(await temporaryDir(t), 'lock');
  const fail = async () => {
    throw new Error('no luck');
  };
  await assert.rejects(withFileLock(file, fail), { message: 'no luck' });
  assert.equal(await withFileLock(file, async () => 'done'), 'done');
});

test('the lock is released when its holder is killed', async (t) => {
  const file = path.join(await temporaryDir(t), 'lock');
  const module = new URL('../src/file-lock.js', import.meta.url).href;
  const code = `import { withFileLock } from ${JSON.stringify(module)};
    await withFileLock(${JSON.stringify(file)}, () => { console.log('held'); return new Promise(() => {}); });`;
  const args = ['--input-type=module', '--eval', code];
  const holder = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  let waited = false;
  const next = withFileLock(file, async () => 'done', () => {
    waited = true;
    holder.kill('SIGKILL');
  });
  assert.equal(await next, 'done');
  assert.equal(waited, true);
});
