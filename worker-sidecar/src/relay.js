/** Between one worker and one client at a time. */

import { ChannelClient } from './channel-client.js';
import { Kind } from './messages.js';
import { PendingAnswers } from './pending-answers.js';

/**
 * What went through a slot since the sidecar started. The worker's log is not counted.
 *
 * @typedef {object} Traffic
 * @property {number} framesToWorker
 * @property {number} framesFromWorker
 * @property {number} bytesToWorker
 * @property {number} bytesFromWorker
 * @property {number} dropped - frames from the worker that were for nobody
 */

/** Lives as long as its worker. A new client takes over from the one before. */
export class Relay {
  #worker;
  #traffic;
  #log;
  /** @type {ChannelClient | undefined} */
  #client;
  /** @type {PendingAnswers<ChannelClient>} */
  #pending = new PendingAnswers();

  /**
   * @param {import('./worker-process.js').WorkerProcess} worker
   * @param {Traffic} traffic - counted up here
   * @param {import('./logger.js').Logger} log
   */
  constructor(worker, traffic, log) {
    this.#worker = worker;
    this.#traffic = traffic;
    this.#log = log;
  }

  get attached() {
    return this.#client !== undefined;
  }

  /** @param {import('node:net').Socket} socket - of a new client */
  attach(socket) {
    this.#client?.cut('another took over');
    const client = new ChannelClient(socket, this.#log, {
      onMessage: (message) => this.#toWorker(client, message),
      onClose: () => {
        if (this.#client === client) this.#client = undefined;
      },
    });
    this.#client = client;
    if (this.#worker.congested) client.pause();
  }

  /** @param {import('./messages.js').Message[]} messages - from the worker */
  fromWorker(messages) {
    const frames = messages.filter((message) => this.#isForClient(message)).map(({ frame }) => frame);
    this.#traffic.framesFromWorker += messages.length;
    this.#traffic.bytesFromWorker += messages.reduce((sum, { frame }) => sum + frame.length, 0);
    this.#traffic.dropped += messages.length - frames.length;
    if (frames.length > 0) this.#client?.send(frames);
  }

  /** The worker has room again. */
  workerDrained() {
    this.#client?.resume();
  }

  /** The worker is gone: so is the connection. */
  end() {
    this.#client?.end();
    this.#client = undefined;
  }

  /**
   * @param {ChannelClient} client
   * @param {import('./messages.js').Message} message
   */
  #toWorker(client, { kind, id, frame }) {
    if (kind === Kind.REQUEST) this.#pending.add(id, client);
    this.#traffic.framesToWorker += 1;
    this.#traffic.bytesToWorker += frame.length;
    this.#worker.write(frame);
    if (this.#worker.congested) client.pause();
  }

  /** @param {import('./messages.js').Message} message - from the worker */
  #isForClient({ kind, id }) {
    const addressee = kind === Kind.RESPONSE ? this.#pending.take(id) : this.#client;
    return addressee !== undefined && addressee === this.#client;
  }
}
