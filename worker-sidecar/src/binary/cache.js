/** The worker binaries that this machine already has: one directory a release and recipe. */

import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { withFileLock } from '../file-lock.js';
import { workerRuns } from './run.js';

/**
 * @typedef {object} Manifest
 * @property {string} release - of mediasoup
 * @property {string} recipe - id of the recipe that was current
 * @property {string} sha256 - of the binary
 * @property {'prebuilt' | 'built'} origin
 * @property {string} obtainedAt - ISO 8601
 */

/** Prefix of directories that are being filled. */
const UNFINISHED = 'unfinished-';

/** One place in the user's cache folder, for one release and recipe. */
export class WorkerCache {
  #release;
  #recipe;
  #dir;

  /**
   * @param {string} root - see {@link cacheRoot}
   * @param {string} release
   * @param {string} recipe
   */
  constructor(root, release, recipe) {
    this.root = root;
    this.#release = release;
    this.#recipe = recipe;
    this.#dir = path.join(root, `mediasoup-${release}-${recipe}`);
    this.bin = path.join(this.#dir, 'mediasoup-worker');
    this.schemas = path.join(this.#dir, 'fbs');
  }

  /** Whether a binary is there, is the one that was put there, and runs. */
  async holds() {
    const manifest = await this.#manifest();
    if (!manifest) return false;
    try {
      if ((await sha256(this.bin)) !== manifest.sha256) return false;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
    // The libraries that it was linked with may be gone after an upgrade of the system.
    return workerRuns(this.bin);
  }

  /**
   * Keep other processes out, then fill a directory of our own.
   *
   * @template T
   * @param {(workDir: string) => Promise<T>} work - gets an empty directory, which is removed afterwards
   * @param {() => void} onWait - called when another process is at it
   * @returns {Promise<T>}
   */
  async exclusively(work, onWait) {
    await mkdir(this.root, { recursive: true });
    const locked = async () => {
      await this.#removeUnfinished();
      const workDir = await mkdtemp(path.join(this.root, UNFINISHED));
      try {
        return await work(workDir);
      } finally {
        await rm(workDir, { recursive: true, force: true });
      }
    };
    return withFileLock(path.join(this.root, 'lock'), locked, onWait);
  }

  /**
   * Put a binary and its schemas here, whole or not at all.
   *
   * @param {string} workDir - as given by {@link exclusively}
   * @param {string} bin
   * @param {string} schemas - directory of .fbs files
   * @param {Manifest['origin']} origin
   */
  async put(workDir, bin, schemas, origin) {
    const entry = path.join(workDir, 'entry');
    await mkdir(path.join(entry, 'fbs'), { recursive: true });
    for (const name of await readdir(schemas)) {
      if (name.endsWith('.fbs')) await cp(path.join(schemas, name), path.join(entry, 'fbs', name));
    }
    const target = path.join(entry, path.basename(this.bin));
    await cp(bin, target);
    await chmod(target, 0o755);
    await writeFile(path.join(entry, 'manifest.json'), await this.#newManifest(target, origin));
    // What is there, if anything, is broken: holds() was asked first.
    await rm(this.#dir, { recursive: true, force: true });
    await rename(entry, this.#dir);
  }

  /**
   * @param {string} bin
   * @param {Manifest['origin']} origin
   */
  async #newManifest(bin, origin) {
    /** @type {Manifest} */
    const manifest = {
      release: this.#release,
      recipe: this.#recipe,
      sha256: await sha256(bin),
      origin,
      obtainedAt: new Date().toISOString(),
    };
    return `${JSON.stringify(manifest, null, 2)}\n`;
  }

  /** @returns {Promise<Manifest | undefined>} */
  async #manifest() {
    try {
      return JSON.parse(await readFile(path.join(this.#dir, 'manifest.json'), 'utf8'));
    } catch (error) {
      if (isMissing(error) || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  /** Remove what a killed process left. We hold the lock, so nobody is filling them. */
  async #removeUnfinished() {
    for (const name of await readdir(this.root)) {
      if (name.startsWith(UNFINISHED)) await rm(path.join(this.root, name), { recursive: true, force: true });
    }
  }
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {string} Connect's directory in the user's cache folder
 */
export function cacheRoot(env) {
  return path.join(env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'connect');
}

/** @param {string} file */
async function sha256(file) {
  return createHash('sha256').update(await readFile(file)).digest('hex');
}

/** @param {unknown} error */
function isMissing(error) {
  return /** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT';
}
