/** Running the programs that obtain the worker: bounded output, and errors that say what failed. */

import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** How many of a failed program's last lines its error repeats. */
const LAST_LINES = 40;

/** What the worker exits with when MEDIASOUP_VERSION is not set (worker/src/lib.cpp). */
const EXIT_NO_VERSION = 41;

/** Milliseconds that it takes for that at most. */
const CHECK_LIMIT = 10_000;

/** A program could not be started, or failed. */
export class CommandError extends Error {
  name = 'CommandError';
}

/**
 * Run a program to its end.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {object} [options]
 * @param {string} [options.cwd]
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {AbortSignal} [options.signal] - kills the program
 * @param {(line: string) => void} [options.onLine] - called with each line that it prints
 * @returns {Promise<string>} the last lines that it printed
 * @throws {CommandError}
 */
export async function run(command, args, { cwd, env, signal, onLine } = {}) {
  /** @type {string[]} */
  const last = [];
  /** @param {string} line */
  const keep = (line) => {
    last.push(line);
    if (last.length > LAST_LINES) last.shift();
    onLine?.(line);
  };
  const child = spawn(command, args, { cwd, env, signal, stdio: ['ignore', 'pipe', 'pipe'] });
  createInterface({ input: child.stdout }).on('line', keep);
  createInterface({ input: child.stderr }).on('line', keep);
  const name = [path.basename(command), ...args.slice(0, 2)].join(' ');
  return new Promise((resolve, reject) => {
    child.on('error', (error) => {
      // One that was started and is being killed may still write files: its end is waited for.
      if (child.pid === undefined) reject(new CommandError(`${name}: ${error.message}`, { cause: error }));
    });
    child.on('close', (code, killer) => {
      if (code === 0) return resolve(last.join('\n'));
      const how = killer ? `was killed by ${killer}` : `failed with ${code}`;
      reject(new CommandError([`${name} ${how}`, ...last].join('\n')));
    });
  });
}

/**
 * Whether a worker binary runs on this machine.
 *
 * @param {string} bin
 * @returns {Promise<boolean>}
 */
export async function workerRuns(bin) {
  const signal = AbortSignal.timeout(CHECK_LIMIT);
  const child = spawn(bin, [], { env: {}, stdio: 'ignore', signal, killSignal: 'SIGKILL' });
  return new Promise((resolve) => {
    child.on('error', () => resolve(false));
    child.on('exit', (code) => resolve(code === EXIT_NO_VERSION));
  });
}
