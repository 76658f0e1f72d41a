/** A sidecar as it really runs: a process of its own, with a run directory of its own. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { ChannelClient } from './channel-client.js';
import { ControlClient } from './control-client.js';
import { until } from './until.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** A started sidecar. */
export class SidecarProcess {
  /** What it logged. @type {any[]} */
  log = [];
  stderr = '';

  /**
   * @param {string} runDir
   * @param {Record<string, string>} [env]
   */
  constructor(runDir, env = {}) {
    this.runDir = runDir;
    this.child = spawn(process.execPath, [MAIN], {
      env: { ...process.env, CONNECT_RUN_DIR: runDir, CONNECT_WORKERS: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.exited = once(this.child, 'exit').then(([code, signal]) => code ?? signal);
    createInterface({ input: this.child.stdout }).on('line', (line) => this.log.push(JSON.parse(line)));
    this.child.stderr.on('data', (text) => (this.stderr += text));
  }

  get pid() {
    return /** @type {number} */ (this.child.pid);
  }

  /**
   * Start one and wait until it listens and its workers run.
   *
   * @param {string} runDir
   * @param {Record<string, string>} [env]
   */
  static async start(runDir, env) {
    const sidecar = new SidecarProcess(runDir, env);
    const listens = () => sidecar.log.some(({ message }) => message === 'listening');
    await until(() => listens() || sidecar.gone, 'the sidecar');
    if (sidecar.gone) throw new Error(`the sidecar went: ${sidecar.stderr}`);
    const control = await sidecar.control();
    await until(async () => {
      const { slots } = await control.get('status');
      return slots.every((/** @type {any} */ { state }) => state === 'running');
    }, 'running workers');
    control.socket.destroy();
    return sidecar;
  }

  get gone() {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  async control() {
    return ControlClient.connect(path.join(this.runDir, 'sidecar.sock'));
  }

  async channel(slot = 0) {
    return ChannelClient.connect(path.join(this.runDir, `worker-${slot}.sock`));
  }

  /** @param {NodeJS.Signals} [signal] */
  async stop(signal = 'SIGTERM') {
    if (!this.gone) this.child.kill(signal);
    return this.exited;
  }
}

/**
 * Make a directory for one test.
 *
 * @param {import('node:test').TestContext | import('node:test').SuiteContext | { after: Function }} test
 * @returns {Promise<string>}
 */
export async function temporaryDir(test) {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'sidecar-'));
  /** @type {any} */ (test).after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/**
 * A sidecar for one test.
 *
 * @param {import('node:test').TestContext} test
 * @param {Record<string, string>} [env]
 */
export async function startSidecar(test, env) {
  const sidecar = await SidecarProcess.start(path.join(await temporaryDir(test), 'run'), env);
  test.after(() => sidecar.stop());
  return sidecar;
}
