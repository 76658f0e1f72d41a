/** Making sure that a worker binary is there: from the operator, the cache, a download or a build. */

import { existsSync } from 'node:fs';
import path from 'node:path';

import { buildWorker } from './build.js';
import { WorkerCache, cacheRoot } from './cache.js';
import { RELEASE, SCHEMAS_DIR } from './mediasoup-package.js';
import { downloadWorker } from './prebuilt.js';
import { Progress } from './progress.js';
import { recipeId } from './recipe.js';
import { workerRuns } from './run.js';

/**
 * @typedef {object} Worker
 * @property {string} bin - absolute path of the binary
 * @property {string} schemas - absolute path of the directory with its .fbs files
 * @property {string} release - of mediasoup
 * @property {'environment' | 'cache' | 'prebuilt' | 'built'} origin
 */

/**
 * Find a worker binary, or get one. Takes minutes when it has to be built, and milliseconds afterwards.
 *
 * @param {NodeJS.ProcessEnv} env
 * @param {AbortSignal} signal - stops a download or build
 * @returns {Promise<Worker>}
 */
export async function obtainWorker(env, signal) {
  if (env.MEDIASOUP_WORKER_BIN) return operatorsWorker(path.resolve(env.MEDIASOUP_WORKER_BIN));
  const cache = new WorkerCache(cacheRoot(env), RELEASE, await recipeId());
  const origin = (await cache.holds()) ? 'cache' : await fill(cache, new Progress(), signal);
  return { bin: cache.bin, schemas: cache.schemas, release: RELEASE, origin };
}

/**
 * Take the operator's binary, with no way around: who names one does not want another.
 *
 * @param {string} bin
 * @returns {Promise<Worker>}
 */
async function operatorsWorker(bin) {
  if (!(await workerRuns(bin))) throw new Error(`MEDIASOUP_WORKER_BIN: ${bin} does not run as a worker`);
  const beside = [path.join(bin, '../fbs'), path.join(bin, '../../fbs')].find((dir) => existsSync(dir));
  return { bin, schemas: beside ?? SCHEMAS_DIR, release: RELEASE, origin: 'environment' };
}

/**
 * @param {WorkerCache} cache
 * @param {Progress} progress
 * @param {AbortSignal} signal
 * @returns {Promise<Worker['origin']>}
 */
async function fill(cache, progress, signal) {
  return cache.exclusively(
    async (workDir) => {
      // Another process may have filled it while we waited for the lock.
      if (await cache.holds()) return 'cache';
      const prebuilt = await downloadWorker(workDir, progress, signal);
      const bin = prebuilt ?? (await buildWorker(workDir, cache.root, progress, signal));
      if (!(await workerRuns(bin))) throw new Error('the worker that was just built does not run');
      const origin = prebuilt ? 'prebuilt' : 'built';
      await cache.put(workDir, bin, SCHEMAS_DIR, origin);
      progress.say(`ready: ${cache.bin}`);
      return origin;
    },
    () => progress.say('another process is obtaining the worker; waiting for it'),
  );
}
