/** One client of a worker's socket: whole messages in, whole frames out. */

import { FrameSizeError, FrameSplitter } from './frames.js';
import { MalformedMessageError, readMessage } from './messages.js';
import { part } from './unix-sockets.js';

/** Bytes that may wait for a client who does not read. Room for the largest frame, and then some. */
const MAX_BACKLOG = 16_777_216;

/**
 * @typedef {object} ClientListener
 * @property {(message: import('./messages.js').Message) => void} onMessage
 * @property {() => void} onClose - however it came to its end
 */

/** A connected client. */
export class ChannelClient {
  #socket;
  #log;

  /**
   * @param {import('node:net').Socket} socket
   * @param {import('./logger.js').Logger} log
   * @param {ClientListener} listener
   */
  constructor(socket, log, listener) {
    this.#socket = socket;
    this.#log = log;
    const splitter = new FrameSplitter();
    socket.on('data', (chunk) => this.#read(splitter, chunk, listener));
    socket.on('error', (error) => log.debug(`a client of the worker: ${error.message}`));
    socket.on('close', () => listener.onClose());
  }

  /** @param {Buffer[]} frames */
  send(frames) {
    if (this.#socket.destroyed) return;
    // Joined: a client who does not read would else keep very many very small buffers.
    this.#socket.write(frames.length === 1 ? frames[0] : Buffer.concat(frames));
    if (this.#socket.writableLength > MAX_BACKLOG) this.cut('it does not read');
  }

  /** Stop reading from it, so that it feels that the worker is congested. */
  pause() {
    this.#socket.pause();
  }

  resume() {
    this.#socket.resume();
  }

  /**
   * Disconnect it at once.
   *
   * @param {string} reason
   */
  cut(reason) {
    this.#log.warning(`cutting a client: ${reason}`);
    this.#socket.destroy();
  }

  /** Disconnect it when it has read all it was sent. What it still sends goes nowhere. */
  end() {
    this.#socket.removeAllListeners('data');
    part(this.#socket);
  }

  /**
   * @param {FrameSplitter} splitter
   * @param {Buffer} chunk
   * @param {ClientListener} listener
   */
  #read(splitter, chunk, listener) {
    try {
      for (const frame of splitter.push(chunk)) listener.onMessage(readMessage(frame));
    } catch (error) {
      if (!(error instanceof FrameSizeError || error instanceof MalformedMessageError)) throw error;
      this.cut(error.message);
    }
  }
}
