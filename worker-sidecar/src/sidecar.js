/** The sidecar: its slots, its sockets, and the order in which they come and go. */

import net from 'node:net';

import { controlMethods } from './control-methods.js';
import { ControlServer } from './control-server.js';
import { claimRunDir, controlSocketPath, workerSocketPath } from './run-dir.js';
import { listen, stopListening } from './unix-sockets.js';
import { WorkerSlot } from './worker-slot.js';

/** Composes the parts: built bottom-up, stopped top-down. */
export class Sidecar {
  #runDir;
  #log;
  #slots;
  #control;
  #slotServers;

  /**
   * @param {import('./settings.js').Settings} settings
   * @param {import('./binary/obtain.js').Worker} worker
   * @param {import('./logger.js').Logger} log
   */
  constructor(settings, worker, log) {
    this.#runDir = settings.runDir;
    this.#log = log;
    const command = { bin: worker.bin, release: worker.release, args: workerArguments(settings) };
    this.#slots = Array.from({ length: settings.workers }, (_, slot) => new WorkerSlot(slot, command, log));
    this.#control = new ControlServer(controlMethods(this.#slots, worker, log), log);
    this.#slotServers = this.#slots.map((slot) => net.createServer((socket) => slot.attach(socket)));
  }

  /**
   * Listen, then start the workers, without waiting until they run.
   *
   * @throws {import('./run-dir.js').RunDirTakenError}
   */
  async start() {
    for (const server of this.#servers) {
      // Such as too many open files: the next client may have more luck, and the workers need us.
      server.on('error', (error) => this.#log.error(`listening: ${error.message}`));
    }
    await claimRunDir(this.#runDir, async () => {
      await listen(this.#control.server, controlSocketPath(this.#runDir));
      for (const [slot, server] of this.#slotServers.entries()) {
        await listen(server, workerSocketPath(this.#runDir, slot));
      }
    });
    for (const slot of this.#slots) {
      slot.on('worker-started', (data) => this.#control.broadcast('worker-started', data));
      slot.on('worker-exited', (data) => this.#control.broadcast('worker-exited', data));
      slot.start();
    }
  }

  /** End the workers, tell who listens, and remove the sockets. Takes seconds at most. */
  async stop() {
    await Promise.all(this.#slots.map((slot) => slot.stop()));
    this.#control.end();
    await Promise.all(this.#servers.map(stopListening));
  }

  get #servers() {
    return [this.#control.server, ...this.#slotServers];
  }
}

/** @param {import('./settings.js').Settings} settings */
function workerArguments({ workerLogLevel, workerLogTags }) {
  return [`--logLevel=${workerLogLevel}`, ...workerLogTags.map((tag) => `--logTag=${tag}`)];
}
