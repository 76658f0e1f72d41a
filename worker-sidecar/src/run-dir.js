/** The run directory: where the sockets are. One sidecar at a time has it. */

import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';

import { withFileLock } from './file-lock.js';
import { isListening } from './unix-sockets.js';

/** Another sidecar lives in the run directory. */
export class RunDirTakenError extends Error {
  name = 'RunDirTakenError';
}

/** @param {string} runDir */
export function controlSocketPath(runDir) {
  return path.join(runDir, 'sidecar.sock');
}

/**
 * @param {string} runDir
 * @param {number} slot
 */
export function workerSocketPath(runDir, slot) {
  return path.join(runDir, `worker-${slot}.sock`);
}

/**
 * Make the run directory ours: remove what a killed sidecar left, then listen.
 *
 * @param {string} runDir
 * @param {() => Promise<void>} listen - on the sockets; that of `sidecar.sock` says to others that we live
 * @throws {RunDirTakenError}
 */
export async function claimRunDir(runDir, listen) {
  await mkdir(runDir, { recursive: true, mode: 0o700 });
  // The lock closes the gap between looking whether a sidecar lives and listening oneself.
  await withFileLock(path.join(runDir, 'sidecar.lock'), async () => {
    if (await isListening(controlSocketPath(runDir))) {
      throw new RunDirTakenError(`another sidecar is running in ${runDir} (CONNECT_RUN_DIR)`);
    }
    const leftovers = (await readdir(runDir)).filter((name) => /^(sidecar|worker-\d+)\.sock$/.test(name));
    for (const name of leftovers) await rm(path.join(runDir, name));
    await listen();
  });
}
