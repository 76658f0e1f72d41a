/** The order in which a worker binary is looked for. None of these builds or reaches out of this machine. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, chmod, copyFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { WorkerCache, cacheRoot } from '../src/binary/cache.js';
import { RELEASE, SCHEMAS_DIR, prebuiltUrl } from '../src/binary/mediasoup-package.js';
import { recipeId } from '../src/binary/recipe.js';
import { run } from '../src/binary/run.js';
import { temporaryDir } from './support/sidecar-process.js';

const COMMAND = fileURLToPath(new URL('../src/obtain-worker.js', import.meta.url));

/** What the check of a binary takes for a worker. */
const FAKE_WORKER = '#!/bin/sh\nexit 41\n';

/** Nothing listens there. */
const NO_RELEASE_PAGE = 'http://127.0.0.1:1';

/** @param {string} file */
async function writeFakeWorker(file) {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, FAKE_WORKER);
  await chmod(file, 0o755);
  return file;
}

/** @param {string} cacheHome */
async function cacheIn(cacheHome) {
  return new WorkerCache(cacheRoot({ XDG_CACHE_HOME: cacheHome }), RELEASE, await recipeId());
}

/**
 * Run the command, with a cache of its own and no way to build.
 *
 * @param {string} cacheHome
 * @param {Record<string, string>} [env]
 */
async function obtain(cacheHome, env) {
  const child = spawn(process.execPath, [COMMAND], {
    env: {
      ...process.env,
      ...{ XDG_CACHE_HOME: cacheHome, MEDIASOUP_WORKER_BIN: '' },
      // Enough for the lock and the installer, and no compiler.
      ...{ PATH: await binDir(cacheHome), MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL: NO_RELEASE_PAGE },
      ...env,
    },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => (stdout += text));
  child.stderr.on('data', (text) => (stderr += text));
  const [code] = await once(child, 'close');
  return { code, stderr, worker: code === 0 ? JSON.parse(stdout) : undefined };
}

/** @param {string} dir */
async function binDir(dir) {
  const bin = path.join(dir, 'bin');
  await mkdir(bin, { recursive: true });
  for (const name of ['sh', 'cat', 'flock', 'false']) await copyFile(`/usr/bin/${name}`, path.join(bin, name));
  return bin;
}

test("the operator's binary comes first, with the schemas beside it or one level up", async (t) => {
  const dir = await temporaryDir(t);
  for (const [file, schemas] of [['a/mediasoup-worker', 'a/fbs'], ['b/bin/mediasoup-worker', 'b/fbs']]) {
    const bin = await writeFakeWorker(path.join(dir, file));
    await mkdir(path.join(dir, schemas));
    const { worker } = await obtain(dir, { MEDIASOUP_WORKER_BIN: bin });
    const expected = { bin, schemas: path.join(dir, schemas), release: RELEASE, origin: 'environment' };
    assert.deepEqual(worker, expected);
  }
});

test("the operator's binary comes with the package's schemas when it has none", async (t) => {
  const dir = await temporaryDir(t);
  const bin = await writeFakeWorker(path.join(dir, 'x/y/mediasoup-worker'));
  const { worker } = await obtain(dir, { MEDIASOUP_WORKER_BIN: bin });
  assert.equal(worker.schemas, SCHEMAS_DIR);
});

test("an operator's binary that does not run is an error, and nothing takes its place", async (t) => {
  const dir = await temporaryDir(t);
  await fillCache(dir);
  for (const bin of ['/nowhere/mediasoup-worker', '/bin/true']) {
    const { code, stderr } = await obtain(dir, { MEDIASOUP_WORKER_BIN: bin });
    assert.equal(code, 1);
    assert.match(stderr, /MEDIASOUP_WORKER_BIN: .* does not run/);
  }
});

/** @param {string} cacheHome */
async function fillCache(cacheHome) {
  const cache = await cacheIn(cacheHome);
  const bin = await writeFakeWorker(path.join(cacheHome, 'made/mediasoup-worker'));
  await cache.exclusively(
    (workDir) => cache.put(workDir, bin, SCHEMAS_DIR, 'built'),
    () => {},
  );
  return cache;
}

test('what the cache holds is used, and comes with its schemas and a manifest', async (t) => {
  const dir = await temporaryDir(t);
  const cache = await fillCache(dir);
  const { worker } = await obtain(dir);
  assert.deepEqual(worker, { bin: cache.bin, schemas: cache.schemas, release: RELEASE, origin: 'cache' });
  const sources = (await readdir(SCHEMAS_DIR)).filter((name) => name.endsWith('.fbs'));
  assert.deepEqual((await readdir(cache.schemas)).sort(), sources.sort());
  const manifest = JSON.parse(await readFile(path.join(path.dirname(cache.bin), 'manifest.json'), 'utf8'));
  assert.equal(manifest.release, RELEASE);
  assert.equal(manifest.recipe, await recipeId());
  assert.equal(manifest.origin, 'built');
  assert.match(manifest.sha256, /^[0-9a-f]{64}$/);
  assert.ok(Date.parse(manifest.obtainedAt) <= Date.now());
});

test('a cached binary that was changed, or does not run, is not used', async (t) => {
  const dir = await temporaryDir(t);
  const cache = await fillCache(dir);
  assert.equal(await cache.holds(), true);
  await chmod(cache.bin, 0o644);
  assert.equal(await cache.holds(), false);
  await chmod(cache.bin, 0o755);
  await appendFile(cache.bin, '# changed\n');
  assert.equal(await cache.holds(), false);
});

test('what a killed process left in the cache is cleaned up', async (t) => {
  const dir = await temporaryDir(t);
  await mkdir(path.join(dir, 'connect/unfinished-x/worker'), { recursive: true });
  const cache = await fillCache(dir);
  const left = (await readdir(path.join(dir, 'connect'))).sort();
  assert.deepEqual(left, ['lock', path.basename(path.dirname(cache.bin))]);
});

test('a prebuilt binary is downloaded by the package itself, and kept in the cache', async (t) => {
  const dir = await temporaryDir(t);
  await writeFakeWorker(path.join(dir, 'release/mediasoup-worker'));
  await run('tar', ['-czf', path.join(dir, 'worker.tgz'), '-C', path.join(dir, 'release'), 'mediasoup-worker']);
  const archive = await readFile(path.join(dir, 'worker.tgz'));
  /** @type {string[]} */
  const asked = [];
  const page = http.createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.end(archive);
  });
  t.after(() => page.close());
  page.listen(0, '127.0.0.1');
  await once(page, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (page.address());
  const env = { MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL: `http://127.0.0.1:${port}` };

  const { worker, stderr } = await obtain(dir, env);
  assert.equal(worker?.origin, 'prebuilt', stderr);
  assert.equal(await readFile(worker.bin, 'utf8'), FAKE_WORKER);
  const { pathname } = new URL(prebuiltUrl(env));
  assert.deepEqual(asked, [`HEAD ${pathname}`, `GET ${pathname}`]);
  assert.equal((await obtain(dir, env)).worker.origin, 'cache');
});

test('without a prebuilt binary within reach a build is tried, and says what to install for it', async (t) => {
  const dir = await temporaryDir(t);
  const { code, stderr } = await obtain(dir);
  assert.equal(code, 1);
  assert.match(stderr, /no prebuilt binary within reach/);
  assert.match(stderr, /apt-get install -y g\+\+ pkg-config flatbuffers-compiler patch libuv1-dev/);
});
