/** A client of the control socket. */

import { once } from 'node:events';
import net from 'node:net';

import { LineSplitter } from '../../src/lines.js';
import { until } from './until.js';

/** Bytes; an answer may list many records. */
const MAX_LINE = 64_000_000;

/** Asks, and keeps what comes back. */
export class ControlClient {
  /** @type {any[]} */
  events = [];
  /** @type {any[]} */
  answers = [];
  #lastId = 0;

  /** @param {net.Socket} socket */
  constructor(socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    const splitter = new LineSplitter(MAX_LINE);
    socket.on('data', (chunk) => {
      for (const line of splitter.push(chunk)) {
        const message = JSON.parse(line.toString());
        (message.event ? this.events : this.answers).push(message);
      }
    });
  }

  /** @param {string} path */
  static async connect(path) {
    const socket = net.connect(path);
    await once(socket, 'connect');
    return new ControlClient(socket);
  }

  /**
   * @param {string} method
   * @param {object} [data]
   * @returns {Promise<any>} the whole answer
   */
  async ask(method, data) {
    const id = ++this.#lastId;
    this.socket.write(`${JSON.stringify({ id, method, data })}\n`);
    return this.answer((answer) => answer.id === id, method);
  }

  /**
   * @param {string} method
   * @param {object} [data]
   * @returns {Promise<any>} the data of the answer
   */
  async get(method, data) {
    const answer = await this.ask(method, data);
    if (!answer.ok) throw new Error(`${method}: ${answer.error.name}: ${answer.error.message}`);
    return answer.data;
  }

  /**
   * @param {(answer: any) => boolean} [wanted]
   * @param {string} [what]
   */
  async answer(wanted = () => true, what = 'an answer') {
    const answer = await until(() => this.answers.find(wanted), what);
    this.answers.splice(this.answers.indexOf(answer), 1);
    return answer;
  }

  /**
   * @param {string} event
   * @param {(data: any) => boolean} [wanted]
   * @returns {Promise<any>} its data
   */
  async event(event, wanted = () => true) {
    const found = await until(() => this.events.find((one) => one.event === event && wanted(one.data)), event);
    this.events.splice(this.events.indexOf(found), 1);
    return found.data;
  }

  /**
   * @param {number} slot
   * @returns {Promise<any>}
   */
  async slot(slot) {
    return (await this.get('status')).slots[slot];
  }

  /**
   * Wait until a slot's status is as wanted.
   *
   * @param {number} slot
   * @param {(status: any) => boolean} wanted
   * @param {string} what
   */
  async slotWhen(slot, wanted, what) {
    return until(async () => {
      const status = await this.slot(slot);
      return wanted(status) ? status : undefined;
    }, what);
  }
}
