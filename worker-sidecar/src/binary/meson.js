/** Finding a meson that is recent enough, or installing one for ourselves. */

import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { RECIPE } from './recipe.js';
import { CommandError, run } from './run.js';

/** Where `make` puts Python programs of this project. */
const PROJECT_BIN = fileURLToPath(new URL('../../../.venv/bin', import.meta.url));

/**
 * @typedef {object} Meson
 * @property {string} meson - the command
 * @property {string} ninja - the command
 */

/**
 * @param {string} cacheDir - where a private virtual environment goes when nothing else is found
 * @param {(text: string) => void} say
 * @param {AbortSignal} signal
 * @returns {Promise<Meson>}
 */
export async function findMeson(cacheDir, say, signal) {
  const found = (await usable('')) ?? (await usable(PROJECT_BIN));
  if (found) return found;
  const venv = path.join(cacheDir, RECIPE.pythonPackages.join('-').replaceAll('==', '-'));
  const installed = await usable(path.join(venv, 'bin'));
  if (installed) return installed;
  say(`installing ${RECIPE.pythonPackages.join(', ')} into a private virtual environment`);
  await rm(venv, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', venv], { signal });
  await run(path.join(venv, 'bin/pip'), ['install', '--quiet', ...RECIPE.pythonPackages], { signal });
  return { meson: path.join(venv, 'bin/meson'), ninja: path.join(venv, 'bin/ninja') };
}

/**
 * @param {string} bin - a directory; '' for the PATH
 * @returns {Promise<Meson | undefined>}
 */
async function usable(bin) {
  const meson = path.join(bin, 'meson');
  const ninja = path.join(bin, 'ninja');
  try {
    await run(ninja, ['--version']);
    return atLeast(await run(meson, ['--version']), RECIPE.minimumMeson) ? { meson, ninja } : undefined;
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}

/**
 * @param {string} version - such as "1.12.1"
 * @param {string} minimum - such as "1.1"
 */
function atLeast(version, minimum) {
  return version.localeCompare(minimum, 'en', { numeric: true }) >= 0;
}
