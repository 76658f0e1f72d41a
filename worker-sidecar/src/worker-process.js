/** One mediasoup-worker process: its life, its log, and its channel as messages. */

import { spawn } from 'node:child_process';

import { FrameSizeError, FrameSplitter } from './frames.js';
import { LineSplitter, LineTooLongError } from './lines.js';
import { Kind, MalformedMessageError, readLogText, readMessage } from './messages.js';

/** Milliseconds that a worker has to say that it runs. */
const START_LIMIT = 10_000;

/** Milliseconds that a worker has to end by itself. */
const END_LIMIT = 2_000;

/** Milliseconds that a dead worker's pipes have for ending, in case it left somebody holding them. */
const PIPES_LIMIT = 500;

/** Bytes of a worker's line that the log takes. */
const MAX_LOG_LINE = 16_384;

/** The first character of a line in the channel's log (worker/include/Logger.hpp). */
const LEVELS = /** @type {const} */ ({ D: 'debug', W: 'warning', E: 'error', X: 'info' });

/** This process may open no more files, so it can start no worker for now. */
export class OutOfDescriptorsError extends Error {
  name = 'OutOfDescriptorsError';
}

/**
 * @typedef {object} WorkerCommand
 * @property {string} bin
 * @property {string[]} args
 * @property {string} release - of mediasoup; the worker does not start without being told
 */

/** @typedef {import('./messages.js').Message} Message */

/**
 * @typedef {object} WorkerListener
 * @property {() => void} onRunning - it is ready for requests
 * @property {(messages: Message[]) => void} onMessages - what it said, but for its log
 * @property {() => void} onDrain - it has read what it was sent, after {@link WorkerProcess.congested}
 * @property {(code: number | null, signal: string | null) => void} onExit - it is gone, and said no more
 */

/** A started worker. It never starts again: see WorkerSlot for that. */
export class WorkerProcess {
  #listener;
  #log;
  #child;
  #toWorker;
  #running = false;
  #startLimit;
  #gone;

  /**
   * @param {WorkerCommand} command
   * @param {import('./logger.js').Logger} log
   * @param {WorkerListener} listener
   * @throws {OutOfDescriptorsError}
   */
  constructor(command, log, listener) {
    this.#listener = listener;
    this.#child = spawn(command.bin, command.args, {
      // A session of its own: a signal to our process group must not reach it.
      detached: true,
      env: workerEnvironment(command.release),
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    });
    this.#log = log.bind({ pid: this.pid });
    this.#child.on('error', (error) => this.#log.error(`the worker process: ${error.message}`));
    // Any other failure to start is told as the end of a process; this one is not told at all.
    if (!this.#child.stdio) throw new OutOfDescriptorsError('no file descriptors are left for a worker');
    this.#startLimit = setTimeout(() => this.#lost('did not start in time'), START_LIMIT);
    this.#toWorker = /** @type {import('node:net').Socket} */ (this.#child.stdio[3]);
    this.#gone = this.#watchExit();
    this.#watchChannel(/** @type {import('node:net').Socket} */ (this.#child.stdio[4]));
    this.#logLines(/** @type {import('node:stream').Readable} */ (this.#child.stdout), 'info');
    this.#logLines(/** @type {import('node:stream').Readable} */ (this.#child.stderr), 'error');
  }

  /** @returns {number | null} null when it could not be started at all */
  get pid() {
    return this.#child.pid ?? null;
  }

  /** Whether it has not yet read what it was sent, so that more should wait for onDrain. */
  get congested() {
    return this.#toWorker.writableNeedDrain;
  }

  /** @param {Buffer} frame - a whole one */
  write(frame) {
    this.#toWorker.write(frame);
  }

  /** Have it close everything and go; kill it if it does not. */
  async end() {
    this.#child.kill('SIGTERM');
    const limit = setTimeout(() => this.#child.kill('SIGKILL'), END_LIMIT);
    await this.#gone;
    clearTimeout(limit);
  }

  /** @returns {Promise<void>} fulfilled when the process and its pipes have ended, and onExit was told */
  #watchExit() {
    this.#child.on('exit', () => {
      const limit = setTimeout(() => this.#child.stdio.forEach((stream) => stream?.destroy()), PIPES_LIMIT);
      this.#child.once('close', () => clearTimeout(limit));
    });
    return new Promise((resolve) => {
      this.#child.once('close', () => {
        clearTimeout(this.#startLimit);
        this.#listener.onExit(this.#child.exitCode, this.#child.signalCode);
        resolve();
      });
    });
  }

  /** @param {import('node:net').Socket} fromWorker */
  #watchChannel(fromWorker) {
    const splitter = new FrameSplitter();
    // It always flows, whoever listens: the worker queues without limit what nobody reads.
    fromWorker.on('data', (/** @type {Buffer} */ chunk) => this.#read(splitter, chunk));
    fromWorker.on('error', (error) => this.#log.debug(`reading from the worker: ${error.message}`));
    this.#toWorker.on('drain', () => this.#listener.onDrain());
    this.#toWorker.on('error', (error) => this.#log.debug(`writing to the worker: ${error.message}`));
    // It is one end of a socket pair: without reading it, its end would never be seen.
    this.#toWorker.resume();
  }

  /**
   * @param {FrameSplitter} splitter
   * @param {Buffer} chunk
   */
  #read(splitter, chunk) {
    const messages = [];
    try {
      for (const frame of splitter.push(chunk)) {
        const message = readMessage(frame);
        if (message.kind === Kind.LOG) this.#logMessage(frame);
        else if (this.#running) messages.push(message);
        else this.#nowRunning();
      }
    } catch (error) {
      if (!(error instanceof FrameSizeError || error instanceof MalformedMessageError)) throw error;
      this.#lost(error.message);
    }
    if (messages.length > 0) this.#listener.onMessages(messages);
  }

  /** The first thing that a worker says in its channel is that it runs. */
  #nowRunning() {
    this.#running = true;
    clearTimeout(this.#startLimit);
    this.#listener.onRunning();
  }

  /** @param {string} reason */
  #lost(reason) {
    this.#log.error(`the worker is lost: ${reason}`);
    this.#child.kill('SIGKILL');
  }

  /** @param {Buffer} frame */
  #logMessage(frame) {
    const text = readLogText(frame);
    const level = LEVELS[/** @type {keyof typeof LEVELS} */ (text[0])] ?? 'info';
    this.#log.write(level, text.slice(1, MAX_LOG_LINE), { source: 'worker' });
  }

  /**
   * @param {import('node:stream').Readable} stream
   * @param {import('./logger.js').Level} level
   */
  #logLines(stream, level) {
    const splitter = new LineSplitter(MAX_LOG_LINE);
    stream.on('error', (error) => this.#log.debug(`reading the worker's output: ${error.message}`));
    stream.on('data', (/** @type {Buffer} */ chunk) => {
      try {
        for (const line of splitter.push(chunk)) this.#log.write(level, line.toString(), { source: 'worker' });
      } catch (error) {
        if (!(error instanceof LineTooLongError)) throw error;
        this.#log.warning(`the worker printed a ${error.message}`);
      }
    });
  }
}

/**
 * Our environment, but for Connect's settings: they hold secrets, and a worker talks with the whole world.
 *
 * @param {string} release
 */
function workerEnvironment(release) {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('CONNECT_'));
  return { ...Object.fromEntries(others), MEDIASOUP_VERSION: release };
}
