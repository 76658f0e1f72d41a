/** The worker binaries that mediasoup's own project publishes. */

import { cp, rm } from 'node:fs/promises';
import path from 'node:path';

import { INSTALLED_BIN, PACKAGE_DIR, prebuiltUrl } from './mediasoup-package.js';
import { CommandError, run, workerRuns } from './run.js';

/** Milliseconds to find out whether there is a binary to download. */
const PROBE_TIMEOUT = 3_000;

/** Milliseconds for the installer to download and check it. */
const INSTALL_TIMEOUT = 120_000;

/**
 * Have the package's own installer download a prebuilt binary.
 *
 * The release page is probed first: the installer would retry for long where it is out of reach, and then
 * build in its own way, which needs the network too.
 *
 * @param {string} workDir - where the binary goes
 * @param {import('./progress.js').Progress} progress
 * @param {AbortSignal} signal - stops the download
 * @returns {Promise<string | undefined>} the binary; undefined if there is none for this machine
 */
export async function downloadWorker(workDir, progress, signal) {
  const url = prebuiltUrl(process.env);
  if (!(await isThere(url, signal))) {
    progress.say(`no prebuilt binary within reach (${url})`);
    return undefined;
  }
  progress.say(`downloading ${url}`);
  try {
    await rm(INSTALLED_BIN, { force: true });
    await run(process.execPath, ['npm-scripts.mjs', 'postinstall'], {
      cwd: PACKAGE_DIR,
      // A PYTHON that fails keeps the installer from building by itself.
      env: { ...process.env, PYTHON: 'false' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(INSTALL_TIMEOUT)]),
    });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof CommandError)) throw error;
    progress.say(`the prebuilt binary is of no use here: ${error.message}`);
    return undefined;
  }
  const bin = path.join(workDir, path.basename(INSTALLED_BIN));
  await cp(INSTALLED_BIN, bin);
  await rm(INSTALLED_BIN);
  return (await workerRuns(bin)) ? bin : undefined;
}

/**
 * @param {string} url
 * @param {AbortSignal} signal
 */
async function isThere(url, signal) {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PROBE_TIMEOUT)]);
  try {
    const answer = await fetch(url, { method: 'HEAD', signal: limit });
    return answer.ok;
  } catch {
    // Whatever keeps us from the page, the answer is the same; but a stop is a stop.
    signal.throwIfAborted();
    return false;
  }
}
