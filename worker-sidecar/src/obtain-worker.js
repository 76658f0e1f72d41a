/**
 * Command: make sure that a worker binary is there, and print where as one line of JSON.
 *
 * Progress goes to stderr. Exits with 1 and a message when there is no way to get one,
 * or when stopped by SIGTERM or SIGINT.
 */

import { obtainWorker } from './binary/obtain.js';

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
process.once('SIGINT', () => stop.abort());

try {
  const worker = await obtainWorker(process.env, stop.signal);
  process.stdout.write(`${JSON.stringify(worker)}\n`);
} catch (error) {
  const message = stop.signal.aborted ? 'stopped' : /** @type {Error} */ (error).message;
  process.stderr.write(`worker: ${message}\n`);
  process.exitCode = 1;
}
