/** Unix sockets: listening in private, and parting from a peer who may not be listening any more. */

import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import net from 'node:net';

/** Milliseconds that a peer has for reading what we said last. */
const LINGER = 2_000;

/**
 * Listen on a path that only this user may connect to. The caller sees to it that nothing is there yet.
 *
 * @param {net.Server} server
 * @param {string} path
 */
export async function listen(server, path) {
  server.listen(path);
  await once(server, 'listening');
  await chmod(path, 0o600);
}

/**
 * Stop listening, which also removes the path.
 *
 * @param {net.Server} server
 */
export async function stopListening(server) {
  server.close();
  await once(server, 'close');
}

/**
 * Say no more: flush, end, and close for good once the peer does, or has taken too long.
 *
 * @param {net.Socket} socket
 */
export function part(socket) {
  socket.end();
  // What still comes in is read and dropped: closing with unread input would be an error for the peer.
  socket.resume();
  const limit = setTimeout(() => socket.destroy(), LINGER);
  socket.once('close', () => clearTimeout(limit));
}

/**
 * Whether somebody listens on a path.
 *
 * @param {string} path
 * @returns {Promise<boolean>}
 */
export async function isListening(path) {
  const socket = net.connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    const code = /** @type {NodeJS.ErrnoException} */ (error).code;
    if (code === 'ECONNREFUSED' || code === 'ENOENT') return false;
    throw error;
  } finally {
    socket.destroy();
  }
}
