/**
 * Command: run the sidecar until SIGTERM or SIGINT.
 *
 * Exits with 0 after a stop, 1 when it could not start, 2 when a setting is wrong.
 */

import { obtainWorker } from './binary/obtain.js';
import { collectGarbage } from './garbage.js';
import { Logger } from './logger.js';
import { SettingError, readSettings } from './settings.js';
import { Sidecar } from './sidecar.js';

const EXIT_FAILED = 1;
const EXIT_BAD_SETTING = 2;

const stop = new AbortController();
for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT', 'SIGHUP'])) {
  process.on(signal, () => stop.abort());
}

// Who reads our log may go; calls must not end for that.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

try {
  process.umask(0o077);
  await run(readSettings(process.env));
  process.exit(0);
} catch (error) {
  // A download or build of the worker that was stopped fails; the stop does not.
  if (stop.signal.aborted) process.exit(0);
  const { message } = /** @type {Error} */ (error);
  process.stderr.write(`worker-sidecar: ${message}\n`);
  process.exit(error instanceof SettingError ? EXIT_BAD_SETTING : EXIT_FAILED);
}

/** @param {import('./settings.js').Settings} settings */
async function run(settings) {
  const format = settings.logFormat === 'auto' ? (process.stdout.isTTY ? 'human' : 'json') : settings.logFormat;
  const log = new Logger(settings.logLevel, format);
  const worker = await obtainWorker(process.env, stop.signal);
  const sidecar = new Sidecar(settings, worker, log);
  await sidecar.start();
  collectGarbage();
  log.info('listening', { runDir: settings.runDir, ...worker });
  await stopRequested();
  log.info('stopping');
  await sidecar.stop();
  log.info('stopped');
}

/** @returns {Promise<void>} */
async function stopRequested() {
  if (stop.signal.aborted) return;
  await new Promise((resolve) => stop.signal.addEventListener('abort', resolve, { once: true }));
}
