/** The npm package mediasoup, as it lies in node_modules: where what we take from it is. */

import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's directory. Its entry point is node/lib/index.js, and it exports no package.json. */
export const PACKAGE_DIR = path.resolve(fileURLToPath(import.meta.resolve('mediasoup')), '../../..');

/** The worker's C++ source. */
export const SOURCE_DIR = path.join(PACKAGE_DIR, 'worker');

/** The FlatBuffers schemas of the worker's channel. */
export const SCHEMAS_DIR = path.join(SOURCE_DIR, 'fbs');

/** Where the package's installer leaves a binary that it downloaded. */
export const INSTALLED_BIN = path.join(SOURCE_DIR, 'out/Release/mediasoup-worker');

const manifest = JSON.parse(readFileSync(path.join(PACKAGE_DIR, 'package.json'), 'utf8'));

/** The release, such as "3.27.1". @type {string} */
export const RELEASE = manifest.version;

/**
 * Where the package's installer looks for a prebuilt binary for this machine.
 *
 * @param {NodeJS.ProcessEnv} env - the same variable that the installer reads moves the base
 */
export function prebuiltUrl(env) {
  const repository = manifest.repository.url.replace(/^git\+/, '').replace(/\.git$/, '');
  const base = env.MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL || `${repository}/releases/download`;
  const kernel = os.platform() === 'linux' ? `-kernel${os.release().split('.')[0]}` : '';
  return `${base}/${RELEASE}/mediasoup-worker-${RELEASE}-${os.platform()}-${os.arch()}${kernel}.tgz`;
}
