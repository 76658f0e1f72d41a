/** The sidecar's settings: the CONNECT_ variables of the environment that concern it. */

import { availableParallelism } from 'node:os';
import path from 'node:path';

/** More workers than this in one machine is a typing mistake. */
const MAX_WORKERS = 1024;

/** Longest path of a Unix socket on Linux, in bytes. */
const MAX_SOCKET_PATH = 107;

const LOG_LEVELS = /** @type {const} */ (['debug', 'info', 'warning', 'error']);
const LOG_FORMATS = /** @type {const} */ (['auto', 'human', 'json']);
const WORKER_LOG_LEVELS = /** @type {const} */ (['debug', 'warn', 'error', 'none']);
const WORKER_LOG_TAGS = /** @type {const} */ ([
  ...['info', 'ice', 'dtls', 'rtp', 'srtp', 'rtcp', 'rtx'],
  ...['bwe', 'score', 'simulcast', 'svc', 'sctp', 'message'],
]);

/** A setting that we cannot work with; the message names the variable. */
export class SettingError extends Error {
  name = 'SettingError';
}

/**
 * @typedef {object} Settings
 * @property {string} runDir - absolute path
 * @property {number} workers - how many slots
 * @property {(typeof LOG_LEVELS)[number]} logLevel
 * @property {(typeof LOG_FORMATS)[number]} logFormat
 * @property {(typeof WORKER_LOG_LEVELS)[number]} workerLogLevel
 * @property {string[]} workerLogTags
 */

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Settings}
 * @throws {SettingError}
 */
export function readSettings(env) {
  const tags = env.CONNECT_WORKER_LOG_TAGS || 'info,ice,dtls,rtp,srtp,rtcp';
  /** @type {<T extends string>(name: string, choices: readonly T[], fallback: T) => T} */
  const choose = (name, choices, fallback) => oneOf(name, env[name] || fallback, choices);
  return {
    runDir: readRunDir(env.CONNECT_RUN_DIR || 'var/run'),
    workers: readWorkers(env.CONNECT_WORKERS || '0'),
    logLevel: choose('CONNECT_LOG_LEVEL', LOG_LEVELS, 'info'),
    logFormat: choose('CONNECT_LOG_FORMAT', LOG_FORMATS, 'auto'),
    workerLogLevel: choose('CONNECT_WORKER_LOG_LEVEL', WORKER_LOG_LEVELS, 'warn'),
    workerLogTags: tags.split(',').map((tag) => oneOf('CONNECT_WORKER_LOG_TAGS', tag.trim(), WORKER_LOG_TAGS)),
  };
}

/** @param {string} value */
function readRunDir(value) {
  const runDir = path.resolve(value);
  if (Buffer.byteLength(path.join(runDir, `worker-${MAX_WORKERS}.sock`)) > MAX_SOCKET_PATH) {
    throw new SettingError(`CONNECT_RUN_DIR: ${runDir} is too long for the Unix sockets in it`);
  }
  return runDir;
}

/** @param {string} value */
function readWorkers(value) {
  if (!/^\d+$/.test(value) || Number(value) > MAX_WORKERS) {
    const message = `"${value}" is not a number from 0 (one a CPU) to ${MAX_WORKERS}`;
    throw new SettingError(`CONNECT_WORKERS: ${message}`);
  }
  return Number(value) || availableParallelism();
}

/**
 * @template {string} T
 * @param {string} name
 * @param {string} value
 * @param {readonly T[]} choices
 * @returns {T}
 */
function oneOf(name, value, choices) {
  const choice = choices.find((one) => one === value);
  if (!choice) throw new SettingError(`${name}: "${value}" is none of ${choices.join(', ')}`);
  return choice;
}
