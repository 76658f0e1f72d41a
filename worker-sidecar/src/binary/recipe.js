/**
 * The recipe that builds the worker against the distribution's libraries: what lies in recipe/.
 *
 * `recipe.json` names what must be installed and how to configure, `subprojects/` holds stand-ins for the
 * libraries that the worker would bring along, `patches/` what must change in its source.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cp, mkdir, readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { SOURCE_DIR } from './mediasoup-package.js';
import { run } from './run.js';

const RECIPE_DIR = fileURLToPath(new URL('../../recipe', import.meta.url));

/**
 * @typedef {object} Recipe
 * @property {Record<string, string>} commands - program to the Debian package that has it
 * @property {Record<string, string>} libraries - pkg-config module to the Debian package that has it
 * @property {string} minimumMeson
 * @property {string[]} pythonPackages - pins for pip, where no usable meson is found
 * @property {string[]} mesonArguments
 */

/** @type {Recipe} */
export const RECIPE = JSON.parse(readFileSync(path.join(RECIPE_DIR, 'recipe.json'), 'utf8'));

/**
 * A short name for what the recipe is now: it changes whenever one of its files does.
 *
 * @returns {Promise<string>}
 */
export async function recipeId() {
  const entries = await readdir(RECIPE_DIR, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const hash = createHash('sha256');
  for (const file of files.map((entry) => path.join(entry.parentPath, entry.name)).sort()) {
    const content = await readFile(file);
    hash.update(`${path.relative(RECIPE_DIR, file)}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 12);
}

/**
 * Make a source tree that builds against the distribution's libraries.
 *
 * @param {string} target - the directory to make
 * @param {object} [from] - other places than the package and the recipe, for tests
 * @param {string} [from.source]
 * @param {string} [from.recipe]
 * @throws {import('./run.js').CommandError} when a patch does not apply
 */
export async function prepareSource(target, { source = SOURCE_DIR, recipe = RECIPE_DIR } = {}) {
  await cp(source, target, { recursive: true });
  await putStandIns(path.join(recipe, 'subprojects'), path.join(target, 'subprojects'));
  await applyPatches(path.join(recipe, 'patches'), target);
}

/**
 * Put each stand-in into the directory that the worker's .wrap file of that name asks for.
 *
 * @param {string} standIns
 * @param {string} subprojects
 */
async function putStandIns(standIns, subprojects) {
  for (const name of await readdir(standIns)) {
    const wrap = await readFile(path.join(subprojects, `${name}.wrap`), 'utf8');
    const directory = /^directory\s*=\s*(\S+)$/m.exec(wrap)?.[1];
    if (!directory) throw new Error(`${name}.wrap names no directory`);
    const target = path.join(subprojects, directory);
    await mkdir(target, { recursive: true });
    await cp(path.join(standIns, name), target, { recursive: true });
  }
}

/**
 * @param {string} patches
 * @param {string} target
 */
async function applyPatches(patches, target) {
  for (const name of (await readdir(patches)).sort()) {
    // Without fuzz: a patch that fits only by luck is a patch to look at again.
    const options = ['--strip=1', '--fuzz=0', '--forward', '--batch', '--directory', target];
    await run('patch', [...options, '--input', path.join(patches, name)]);
  }
}
