/** A client of a worker's socket. */

import { once } from 'node:events';
import net from 'node:net';

import { FrameSplitter } from '../../src/frames.js';
import { until } from './until.js';
import { readResponse } from './worker-messages.js';

/** Sends frames, and keeps the responses that come back. */
export class ChannelClient {
  /** @type {ReturnType<typeof readResponse>[]} */
  responses = [];
  closed = false;

  /** @param {net.Socket} socket */
  constructor(socket) {
    this.socket = socket;
    const splitter = new FrameSplitter();
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
    });
    socket.on('data', (chunk) => {
      for (const frame of splitter.push(chunk)) this.responses.push(readResponse(frame));
    });
  }

  /** @param {string} path */
  static async connect(path) {
    const socket = net.connect(path);
    await once(socket, 'connect');
    return new ChannelClient(socket);
  }

  /** @param {Buffer} frame */
  send(frame) {
    this.socket.write(frame);
  }

  /** @param {number} id */
  async response(id) {
    return until(() => this.responses.find((one) => one.id === id), `the answer to ${id}`, 20_000);
  }

  async end() {
    await until(() => this.closed, 'the end of the connection');
  }
}
