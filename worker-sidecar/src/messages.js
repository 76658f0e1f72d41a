/**
 * What the sidecar must know of a message in the worker's channel: its kind, and little more.
 *
 * This reads FlatBuffers by hand, in the layout of message.fbs, request.fbs, response.fbs and log.fbs. Every
 * read is checked against the frame's end, so bytes that are no message throw.
 */

import { PREFIX_SIZE } from './frames.js';

/** The union `Body` of message.fbs. */
export const Kind = Object.freeze({ REQUEST: 1, RESPONSE: 2, NOTIFICATION: 3, LOG: 4 });

/** A frame that holds no message. */
export class MalformedMessageError extends Error {
  name = 'MalformedMessageError';
}

/**
 * @typedef {object} Message
 * @property {number} kind - one of {@link Kind}
 * @property {Buffer} frame - all of it, with its prefix
 * @property {number} id - of a request or response; 0 for other kinds
 */

/**
 * @param {Buffer} frame
 * @returns {Message}
 * @throws {MalformedMessageError}
 */
export function readMessage(frame) {
  try {
    const { kind, body } = open(frame);
    if (kind < Kind.REQUEST || kind > Kind.LOG) throw new RangeError(`unknown kind ${kind}`);
    const id = kind === Kind.REQUEST || kind === Kind.RESPONSE ? readId(frame, body) : 0;
    return { kind, frame, id };
  } catch (error) {
    throw malformed(error);
  }
}

/**
 * The text of a message of kind LOG.
 *
 * @param {Buffer} frame
 * @returns {string}
 * @throws {MalformedMessageError}
 */
export function readLogText(frame) {
  try {
    const { body } = open(frame);
    const text = follow(frame, required(field(frame, body, 0)));
    const start = text + 4;
    const end = start + frame.readUInt32LE(text);
    if (end > frame.length) throw new RangeError('text beyond the end');
    return frame.toString('utf8', start, end);
  } catch (error) {
    throw malformed(error);
  }
}

/** @param {Buffer} frame */
function open(frame) {
  const root = follow(frame, PREFIX_SIZE);
  const kind = frame.readUInt8(required(field(frame, root, 0)));
  return { kind, body: follow(frame, required(field(frame, root, 1))) };
}

/**
 * @param {Buffer} frame
 * @param {number} body - a request or a response; both begin with their id
 */
function readId(frame, body) {
  const position = field(frame, body, 0);
  return position === undefined ? 0 : frame.readUInt32LE(position);
}

/**
 * @param {Buffer} frame
 * @param {number} position - of an offset
 * @returns {number} what it points to
 */
function follow(frame, position) {
  return position + frame.readUInt32LE(position);
}

/**
 * @param {Buffer} frame
 * @param {number} table
 * @param {number} index - of the field in the schema; a union counts as two
 * @returns {number | undefined} where the field is; undefined when it has its default
 */
function field(frame, table, index) {
  const vtable = table - frame.readInt32LE(table);
  const entry = 4 + 2 * index;
  if (entry >= frame.readUInt16LE(vtable)) return undefined;
  const offset = frame.readUInt16LE(vtable + entry);
  return offset === 0 ? undefined : table + offset;
}

/** @param {number | undefined} position */
function required(position) {
  if (position === undefined) throw new RangeError('a required field is missing');
  return position;
}

/** @param {unknown} error */
function malformed(error) {
  if (!(error instanceof RangeError)) return error;
  return new MalformedMessageError(`not a message: ${error.message}`, { cause: error });
}
