/** Requests for a worker and its answers, by mediasoup's own FlatBuffers code: the oracle of these tests. */

import { createRequire } from 'node:module';
import path from 'node:path';

import * as flatbuffers from 'flatbuffers';

import { PACKAGE_DIR } from '../../src/binary/mediasoup-package.js';

const require = createRequire(import.meta.url);

/**
 * The package exports none of these, so their types are not known here.
 *
 * @param {string} name
 * @returns {any}
 */
const fbs = (name) => require(path.join(PACKAGE_DIR, 'node/lib/fbs', name));

const { Body, Message } = fbs('message.js');
const { Body: RequestBody, Method, Request } = fbs('request.js');
const { Response } = fbs('response.js');
const { CloseRouterRequest, CreateRouterRequest, DumpResponse } = fbs('worker.js');
const { Event, Notification } = fbs('notification.js');
const { Log } = fbs('log.js');

/**
 * @param {any} type - of the body
 * @param {(builder: flatbuffers.Builder) => flatbuffers.Offset} addBody
 * @returns {Buffer} a frame
 */
function frame(type, addBody) {
  const builder = new flatbuffers.Builder(256);
  builder.finishSizePrefixed(Message.createMessage(builder, type, addBody(builder)));
  return Buffer.from(builder.asUint8Array());
}

/** @param {number} id */
export function dumpRequest(id) {
  return frame(Body.Request, (builder) => {
    const handler = builder.createString('');
    return Request.createRequest(builder, id, Method.WORKER_DUMP, handler, RequestBody.NONE, 0);
  });
}

/** @param {number} id */
export function resourceUsageRequest(id) {
  return frame(Body.Request, (builder) => {
    const handler = builder.createString('');
    return Request.createRequest(builder, id, Method.WORKER_GET_RESOURCE_USAGE, handler, RequestBody.NONE, 0);
  });
}

/**
 * @param {number} id
 * @param {string} routerId - of any length: the dump of the worker repeats it
 */
export function createRouterRequest(id, routerId) {
  return frame(Body.Request, (builder) => {
    const handler = builder.createString('');
    const body = CreateRouterRequest.createCreateRouterRequest(builder, builder.createString(routerId));
    const type = RequestBody.Worker_CreateRouterRequest;
    return Request.createRequest(builder, id, Method.WORKER_CREATE_ROUTER, handler, type, body);
  });
}

/**
 * @param {number} id
 * @param {string} routerId
 */
export function closeRouterRequest(id, routerId) {
  return frame(Body.Request, (builder) => {
    const handler = builder.createString('');
    const body = CloseRouterRequest.createCloseRouterRequest(builder, builder.createString(routerId));
    const type = RequestBody.Worker_CloseRouterRequest;
    return Request.createRequest(builder, id, Method.WORKER_CLOSE_ROUTER, handler, type, body);
  });
}

export function closeWorkerNotification() {
  return frame(Body.Notification, (builder) => {
    const handler = builder.createString('');
    return Notification.createNotification(builder, handler, Event.WORKER_CLOSE, 0, 0);
  });
}

/** @param {number} id */
export function response(id) {
  return frame(Body.Response, (builder) => Response.createResponse(builder, id, true, 0, 0, 0, 0));
}

/** @param {string} text */
export function log(text) {
  return frame(Body.Log, (builder) => Log.createLog(builder, builder.createString(text)));
}

/**
 * @param {Buffer} received - a frame with a response
 * @returns {{ id: number, accepted: boolean, body: string, routerIds: string[] }}
 */
export function readResponse(received) {
  const buffer = new flatbuffers.ByteBuffer(new Uint8Array(received));
  const message = Message.getSizePrefixedRootAsMessage(buffer);
  if (message.dataType() !== Body.Response) throw new Error(`not a response: ${Body[message.dataType()]}`);
  const answer = message.data(new Response());
  const body = fbs('response.js').Body[answer.bodyType()];
  const dump = body === 'Worker_DumpResponse' ? answer.body(new DumpResponse()) : undefined;
  return { id: answer.id(), accepted: answer.accepted(), body, routerIds: dump ? dump.unpack().routerIds : [] };
}
