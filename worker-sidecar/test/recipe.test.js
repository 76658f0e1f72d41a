/** The source that the worker is built from. */

import assert from 'node:assert/strict';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { SOURCE_DIR } from '../src/binary/mediasoup-package.js';
import { prepareSource, recipeId } from '../src/binary/recipe.js';
import { temporaryDir } from './support/sidecar-process.js';

const PATCHED = 'src/RTC/DtlsTransport.cpp';
const ALSO_PATCHED = 'src/RTC/Producer.cpp';

/**
 * The parts of the package's source that the recipe touches.
 *
 * @param {string} dir
 */
async function copySource(dir) {
  const source = path.join(dir, 'package');
  for (const part of ['subprojects', PATCHED, ALSO_PATCHED]) {
    await mkdir(path.dirname(path.join(source, part)), { recursive: true });
    await cp(path.join(SOURCE_DIR, part), path.join(source, part), { recursive: true });
  }
  return source;
}

test('the source gets its patches and a stand-in for each library', async (t) => {
  const dir = await temporaryDir(t);
  const target = path.join(dir, 'worker');
  await prepareSource(target, { source: await copySource(dir) });
  assert.match(await readFile(path.join(target, PATCHED), 'utf8'), /operationType & BIO_CB_RETURN/);
  assert.match(await readFile(path.join(target, ALSO_PATCHED), 'utf8'), /ssrc != 0u && encoding\.ssrc == ssrc/);
  for (const name of ['libuv', 'openssl', 'libsrtp3', 'unordered-dense', 'flatbuffers', 'abseil-cpp']) {
    const wrap = await readFile(path.join(target, 'subprojects', `${name}.wrap`), 'utf8');
    const directory = /^directory = (.*)$/m.exec(wrap)?.[1];
    const meson = await readFile(path.join(target, 'subprojects', String(directory), 'meson.build'), 'utf8');
    assert.match(meson, new RegExp(`^project\\('${name}'`, 'm'));
  }
});

test('a patch that no longer applies fails', async (t) => {
  const dir = await temporaryDir(t);
  const source = await copySource(dir);
  await writeFile(path.join(source, PATCHED), '// Rewritten upstream.\n');
  await assert.rejects(prepareSource(path.join(dir, 'worker'), { source }), {
    name: 'CommandError',
    message: /patch .*failed/,
  });
});

test('a patch that is already in the source fails', async (t) => {
  const dir = await temporaryDir(t);
  const once = path.join(dir, 'once');
  await prepareSource(once, { source: await copySource(dir) });
  await assert.rejects(prepareSource(path.join(dir, 'twice'), { source: once }), { name: 'CommandError' });
});

test("the recipe's id is a stable short name", async () => {
  assert.match(await recipeId(), /^[0-9a-f]{12}$/);
  assert.equal(await recipeId(), await recipeId());
});
