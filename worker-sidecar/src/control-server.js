/** The control socket: lines of JSON, answered in order, and events to all who are connected. */

import { once } from 'node:events';
import net from 'node:net';

import { ControlError } from './control-error.js';
import { decode, encodeAnswer, encodeError, encodeEvent, idOf, readRequest } from './control-protocol.js';
import { LineSplitter, LineTooLongError } from './lines.js';
import { part } from './unix-sockets.js';

/** Bytes of the longest line that a client may send. */
const MAX_LINE = 1_048_576;

/** Clients at a time; one more is disconnected. */
const MAX_CLIENTS = 64;

/** Bytes that may wait for a client when an event comes. One who lags that far behind is disconnected. */
const MAX_BACKLOG = 1_048_576;

/** Serves the control socket. */
export class ControlServer {
  #methods;
  #log;
  /** No Set: it would keep dead sockets alive for long, as StateRecords tells of a Map. @type {net.Socket[]} */
  #clients = [];

  /**
   * @param {Record<string, import('./control-methods.js').Method>} methods
   * @param {import('./logger.js').Logger} log
   */
  constructor(methods, log) {
    this.#methods = methods;
    this.#log = log;
    this.server = net.createServer((socket) => void this.#serve(socket));
    this.server.maxConnections = MAX_CLIENTS;
    this.server.on('drop', () => log.warning(`more than ${MAX_CLIENTS} clients of the control socket`));
  }

  /**
   * Tell every client.
   *
   * @param {string} event
   * @param {object} data
   */
  broadcast(event, data) {
    const line = encodeEvent(event, data);
    for (const socket of this.#clients) {
      if (socket.writableLength > MAX_BACKLOG) {
        this.#log.warning('cutting a client of the control socket: it does not read');
        socket.destroy();
      } else {
        socket.write(line);
      }
    }
  }

  /** Part from every client. */
  end() {
    this.#clients.forEach(part);
    this.#clients = [];
  }

  /** @param {net.Socket} socket */
  async #serve(socket) {
    this.#clients.push(socket);
    const closed = new AbortController();
    socket.once('close', () => {
      this.#clients = this.#clients.filter((client) => client !== socket);
      closed.abort();
    });
    // Without a listener an error would end the process, whoever else awaits the socket.
    socket.on('error', (error) => this.#log.debug(`a client of the control socket: ${error.message}`));
    try {
      await this.#answerAll(socket, closed.signal);
    } catch (error) {
      if (error instanceof LineTooLongError) {
        socket.write(encodeError(null, new ControlError('bad_json', error.message)));
        part(socket);
      } else if (!socket.destroyed) {
        // Our mistake, not its: whoever asked must not wait for an answer that never comes.
        this.#log.error(`the control socket: ${/** @type {Error} */ (error).stack}`);
        socket.destroy();
      }
    }
  }

  /**
   * Answer one request after the other. Nothing more is read from a client until it has read its answers, so
   * what waits for it is bounded by one answer.
   *
   * @param {net.Socket} socket
   * @param {AbortSignal} closed
   */
  async #answerAll(socket, closed) {
    const splitter = new LineSplitter(MAX_LINE);
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      for (const line of splitter.push(chunk)) {
        if (!socket.write(this.#answer(line))) await once(socket, 'drain', { signal: closed });
      }
    }
  }

  /**
   * @param {Buffer} line
   * @returns {string}
   */
  #answer(line) {
    let message;
    try {
      message = decode(line);
      const { id, method, data } = readRequest(message);
      if (!Object.hasOwn(this.#methods, method)) {
        throw new ControlError('unknown_method', `there is no method "${method.slice(0, 64)}"`);
      }
      return encodeAnswer(id, this.#methods[method](data));
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      return encodeError(idOf(message), error);
    }
  }
}
