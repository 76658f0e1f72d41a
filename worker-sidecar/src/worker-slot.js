/** One slot: a worker is kept running in it. */

import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';

import { Backoff } from './backoff.js';
import { ControlError } from './control-error.js';
import { Relay } from './relay.js';
import { StateRecords } from './state-records.js';
import { OutOfDescriptorsError, WorkerProcess } from './worker-process.js';

/** @typedef {'starting' | 'running' | 'backoff' | 'stopped'} SlotState */

/**
 * A worker that said that it runs, and what belongs to it.
 *
 * @typedef {object} Tenant
 * @property {string} incarnation - unique for every started worker
 * @property {Relay} relay
 * @property {StateRecords} records
 */

/**
 * Starts a worker, and another one whenever it dies, until it is told to stop.
 *
 * Emits `worker-started` and `worker-exited` with the data of the control socket's events.
 */
export class WorkerSlot extends EventEmitter {
  #command;
  #log;
  #backoff = new Backoff();
  /** @type {SlotState} */
  #state = 'stopped';
  #stopping = false;
  /** @type {WorkerProcess | undefined} */
  #worker;
  /** @type {Tenant | undefined} */
  #tenant;
  #startedAt = 0;
  #starts = 0;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;
  /** @type {import('./relay.js').Traffic} */
  #traffic = { framesToWorker: 0, framesFromWorker: 0, bytesToWorker: 0, bytesFromWorker: 0, dropped: 0 };

  /**
   * @param {number} slot
   * @param {import('./worker-process.js').WorkerCommand} command
   * @param {import('./logger.js').Logger} log
   */
  constructor(slot, command, log) {
    super();
    this.slot = slot;
    this.#command = command;
    this.#log = log.bind({ slot });
  }

  /** The running worker's incarnation; null while there is none. */
  get incarnation() {
    return this.#tenant?.incarnation ?? null;
  }

  /** The running worker's records; undefined while there is none. */
  get records() {
    return this.#tenant?.records;
  }

  start() {
    clearTimeout(this.#timer);
    this.#state = 'starting';
    this.#startedAt = Date.now();
    this.#starts += 1;
    try {
      this.#worker = new WorkerProcess(this.#command, this.#log, {
        onRunning: () => this.#onRunning(),
        onMessages: (messages) => this.#tenant?.relay.fromWorker(messages),
        onDrain: () => this.#tenant?.relay.workerDrained(),
        onExit: (code, signal) => this.#onExit(code, signal),
      });
    } catch (error) {
      if (!(error instanceof OutOfDescriptorsError)) throw error;
      this.#log.error(error.message);
      this.#startAgain();
    }
  }

  /**
   * Hand the worker's channel to a client; where no worker runs, the client is disconnected.
   *
   * @param {import('node:net').Socket} socket
   */
  attach(socket) {
    if (this.#tenant && !this.#stopping) {
      this.#log.info('a client attached');
      this.#tenant.relay.attach(socket);
    } else {
      socket.on('error', (error) => this.#log.debug(`a client of no worker: ${error.message}`));
      socket.destroy();
    }
  }

  /**
   * Replace the worker. One that waits for its turn after failures starts at once.
   *
   * @throws {ControlError} stopping
   */
  restart() {
    if (this.#stopping) throw new ControlError('stopping', 'the sidecar is stopping');
    this.#backoff.reset();
    // Its end and its successor's start are events; the one who asked need not wait.
    if (this.#worker) void this.#worker.end();
    else this.start();
  }

  /** End the worker for good. Takes seconds at most. */
  async stop() {
    this.#stopping = true;
    clearTimeout(this.#timer);
    await this.#worker?.end();
    this.#state = 'stopped';
  }

  /** What the control socket's `status` says of this slot. */
  status() {
    return {
      slot: this.slot,
      state: this.#state,
      pid: this.#worker?.pid ?? null,
      incarnation: this.incarnation,
      startedAt: this.#worker ? isoTime(this.#startedAt) : null,
      rss: residentSize(this.#worker?.pid ?? null),
      attached: this.#tenant?.relay.attached ?? false,
      ...this.#traffic,
      restarts: Math.max(0, this.#starts - 1),
    };
  }

  #onRunning() {
    const worker = /** @type {WorkerProcess} */ (this.#worker);
    const incarnation = randomUUID();
    const relay = new Relay(worker, this.#traffic, this.#log);
    this.#tenant = { incarnation, relay, records: new StateRecords() };
    this.#state = 'running';
    const event = { slot: this.slot, pid: worker.pid, incarnation, startedAt: isoTime(this.#startedAt) };
    this.#log.info('worker started', event);
    this.emit('worker-started', event);
  }

  /**
   * @param {number | null} code
   * @param {string | null} signal
   */
  #onExit(code, signal) {
    const pid = this.#worker?.pid ?? null;
    const event = { slot: this.slot, pid, incarnation: this.incarnation, code, signal };
    const tenant = this.#tenant;
    this.#worker = undefined;
    this.#tenant = undefined;
    this.#log.write(this.#stopping ? 'info' : 'warning', 'worker exited', event);
    if (!this.#stopping) this.#startAgain();
    tenant?.relay.end();
    // A worker that never said that it runs has no incarnation that anybody would know.
    if (tenant) this.emit('worker-exited', event);
  }

  #startAgain() {
    this.#state = 'backoff';
    const delay = this.#backoff.next(Date.now() - this.#startedAt);
    if (delay > 0) this.#log.warning(`starting a new worker in ${delay} ms`);
    this.#timer = setTimeout(() => this.start(), delay);
  }
}

/** @param {number} time - milliseconds since the epoch */
function isoTime(time) {
  return new Date(time).toISOString();
}

/**
 * Reads without waiting: no disk is behind this file, and each read in the thread pool leaves garbage that V8
 * keeps for long.
 *
 * @param {number | null} pid
 * @returns {number | null} bytes of memory that the process has in use; null when there is none
 */
function residentSize(pid) {
  if (pid === null) return null;
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    return kilobytes ? Number(kilobytes) * 1024 : null;
  } catch (error) {
    const code = /** @type {NodeJS.ErrnoException} */ (error).code;
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw error;
  }
}
