/** Building the worker from the package's source against the distribution's libraries. */

import { cpus } from 'node:os';
import path from 'node:path';

import { findMeson } from './meson.js';
import { RECIPE, prepareSource } from './recipe.js';
import { CommandError, run } from './run.js';

/** Something must be installed first; the message says what and how. */
export class MissingPackagesError extends Error {
  name = 'MissingPackagesError';
}

/**
 * Build the worker. Takes minutes.
 *
 * @param {string} workDir - an empty directory for source and objects; the caller removes it
 * @param {string} cacheDir - where tools that had to be installed may stay
 * @param {import('./progress.js').Progress} progress
 * @param {AbortSignal} signal - stops the build
 * @returns {Promise<string>} the binary, inside workDir
 * @throws {MissingPackagesError | CommandError}
 */
export async function buildWorker(workDir, cacheDir, progress, signal) {
  await requirePackages();
  const { meson, ninja } = await findMeson(cacheDir, (text) => progress.say(text), signal);
  const source = path.join(workDir, 'worker');
  const build = path.join(workDir, 'build');
  progress.say("building mediasoup-worker against the system's libraries: some minutes, once a machine");
  await prepareSource(source);
  const env = { ...process.env, NINJA: ninja, NINJA_STATUS: '[%f/%t] ' };
  await run(meson, ['setup', build, source, ...RECIPE.mesonArguments], { env, signal });
  const jobs = String(cpus().length);
  const args = ['-C', build, '-j', jobs, 'mediasoup-worker'];
  await run(ninja, args, { env, signal, onLine: (line) => showStep(line, progress) });
  progress.done();
  return path.join(build, 'mediasoup-worker');
}

/** @throws {MissingPackagesError} */
async function requirePackages() {
  const missing = new Set();
  for (const [command, packageName] of Object.entries(RECIPE.commands)) {
    if (!(await succeeds(command, ['--version']))) missing.add(packageName);
  }
  for (const [library, packageName] of Object.entries(RECIPE.libraries)) {
    if (!(await succeeds('pkg-config', ['--exists', library]))) missing.add(packageName);
  }
  if (missing.size === 0) return;
  const names = [...missing].join(' ');
  throw new MissingPackagesError(
    `building mediasoup-worker needs system packages that are not installed; install them with\n` +
      `  apt-get install -y ${names}\n` +
      `or name a worker binary of your own in MEDIASOUP_WORKER_BIN`,
  );
}

/**
 * @param {string} command
 * @param {string[]} args
 */
async function succeeds(command, args) {
  try {
    await run(command, args);
    return true;
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  }
}

/**
 * @param {string} line - of ninja's output
 * @param {import('./progress.js').Progress} progress
 */
function showStep(line, progress) {
  const step = /^\[(\d+)\/(\d+)\]/.exec(line);
  if (step) progress.step(Number(step[1]), Number(step[2]));
}
