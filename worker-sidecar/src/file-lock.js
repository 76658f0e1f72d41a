/** A lock that the kernel drops when its holder dies. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Do something while no other process on this machine does.
 *
 * Node has no flock(2), so util-linux's flock(1) holds it: it ends when its standard input does, which
 * also happens when this process is killed.
 *
 * @template T
 * @param {string} file - made when missing, and left there
 * @param {() => Promise<T>} work
 * @param {() => void} [onWait] - called when somebody else holds the lock
 * @returns {Promise<T>}
 */
export async function withFileLock(file, work, onWait) {
  const release = (await hold(file, ['--nonblock'])) ?? (onWait?.(), await hold(file, []));
  if (!release) throw new Error(`cannot lock ${file}`);
  try {
    return await work();
  } finally {
    await release();
  }
}

/**
 * @param {string} file
 * @param {string[]} options - of flock(1)
 * @returns {Promise<(() => Promise<void>) | undefined>} what releases the lock; undefined without it
 */
async function hold(file, options) {
  const holder = spawn('flock', [...options, file, 'sh', '-c', 'echo locked; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Ctrl-C ends us, and our end is what releases the lock.
    detached: true,
  });
  // Rejects when there is no flock(1).
  const exited = once(holder, 'exit');
  const locked = await Promise.race([once(holder.stdout, 'data'), exited.then(() => undefined)]);
  if (!locked) return undefined;
  return async () => {
    holder.stdin.end();
    await exited;
  };
}
