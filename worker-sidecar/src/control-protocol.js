/** The lines of the control socket: requests in, answers and events out. No socket here. */

import { ControlError } from './control-error.js';

/**
 * @typedef {object} Request
 * @property {number | string} id - chosen by the client, repeated in the answer
 * @property {string} method
 * @property {Record<string, unknown>} data
 */

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * @param {Buffer} line
 * @returns {unknown} what it says in JSON
 * @throws {ControlError} bad_json
 */
export function decode(line) {
  try {
    return JSON.parse(UTF8.decode(line));
  } catch (error) {
    throw new ControlError('bad_json', `not a line of JSON: ${/** @type {Error} */ (error).message}`);
  }
}

/**
 * @param {unknown} message
 * @returns {number | string | null} the id for answering it, whatever else may be wrong with it
 */
export function idOf(message) {
  const id = isObject(message) ? message.id : null;
  return typeof id === 'number' || typeof id === 'string' ? id : null;
}

/**
 * @param {unknown} message
 * @returns {Request}
 * @throws {ControlError} bad_request
 */
export function readRequest(message) {
  if (!isObject(message)) throw new ControlError('bad_request', 'not an object');
  const { method, data = {} } = message;
  const id = idOf(message);
  if (id === null) throw new ControlError('bad_request', 'id is neither a number nor a string');
  if (typeof method !== 'string') throw new ControlError('bad_request', 'method is not a string');
  if (!isObject(data)) throw new ControlError('bad_request', 'data is not an object');
  return { id, method, data };
}

/**
 * @param {number | string} id
 * @param {object} data
 */
export function encodeAnswer(id, data) {
  return `${JSON.stringify({ id, ok: true, data })}\n`;
}

/**
 * @param {number | string | null} id
 * @param {Error} error
 */
export function encodeError(id, { name, message }) {
  return `${JSON.stringify({ id, ok: false, error: { name, message } })}\n`;
}

/**
 * @param {string} event
 * @param {object} data
 */
export function encodeEvent(event, data) {
  return `${JSON.stringify({ event, data })}\n`;
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
