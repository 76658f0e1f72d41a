/**
 * What signaling is compared with: `node signaling.mjs ws|protoo CONFIG`, a server that answers the requests of
 * bench/signaling.py on a free port of this machine, which it prints.
 *
 * CONFIG is a JSON file: `schemas` (JSON Schema, by method) and `rtpCapabilities`. Handlers are async, as all are in
 * a server whose other methods ask a worker.
 */

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

import Ajv from 'ajv/dist/2020.js';
import protoo from 'protoo-server';
import { WebSocketServer } from 'ws';

const [front, configFile] = process.argv.slice(2);
const config = JSON.parse(readFileSync(configFile, 'utf8'));
// Lengths in UTF-16 units are what a server written by hand would count, and cheaper.
const ajv = new Ajv({ strict: false, unicode: false, logger: false });
const validators = new Map(Object.entries(config.schemas).map(([method, schema]) => [method, ajv.compile(schema)]));

/** Why a request is refused. */
class Refusal extends Error {
  constructor(code, reason) {
    super(reason);
    this.code = code;
  }
}

/** One client in one room; `tell(method, data)` reaches it. */
class Peer {
  /** @type {Map<string, Map<string, Peer>>} */
  static rooms = new Map();

  constructor(address, tell) {
    const { searchParams } = new URL(address, 'http://localhost');
    this.id = searchParams.get('peerId');
    this.tell = tell;
    this.joined = false;
    this.displayName = '';
    this.transports = new Map();
    this.roomId = searchParams.get('roomId');
    const room = Peer.rooms.get(this.roomId) ?? new Map();
    this.room = room.set(this.id, this);
    Peer.rooms.set(this.roomId, room);
  }

  leave() {
    this.room.delete(this.id);
    if (this.room.size === 0) Peer.rooms.delete(this.roomId);
  }

  tellOthers(method, data) {
    for (const peer of this.room.values()) if (peer !== this && peer.joined) peer.tell(method, data);
  }
}

const handlers = new Map([
  ['getRouterRtpCapabilities', async () => config.rtpCapabilities],
  [
    'join',
    async (peer, { displayName }) => {
      Object.assign(peer, { displayName, joined: true });
      return { peers: [] };
    },
  ],
  [
    'changeDisplayName',
    async (peer, { displayName }) => {
      if (!peer.joined) throw new Refusal(409, 'join first');
      const oldDisplayName = peer.displayName;
      peer.displayName = displayName;
      peer.tellOthers('peerDisplayNameChanged', { peerId: peer.id, displayName, oldDisplayName });
      return {};
    },
  ],
  [
    'produce',
    async (peer, { transportId }) => {
      if (!peer.joined) throw new Refusal(409, 'join first');
      if (!peer.transports.has(transportId)) throw new Refusal(404, `no transport with id ${transportId}`);
      throw new Refusal(500, 'there is no worker here');
    },
  ],
]);

async function answer(peer, method, data) {
  const handle = handlers.get(method);
  if (handle === undefined) throw new Refusal(404, 'there is no such method');
  const valid = validators.get(method);
  if (!valid(data)) throw new Refusal(400, ajv.errorsText(valid.errors, { dataVar: 'data' }));
  return await handle(peer, data);
}

/** The envelope as a server written by hand has it. */
function serveWithWs(httpServer) {
  const server = new WebSocketServer({ server: httpServer, maxPayload: 65_536, handleProtocols: () => 'protoo' });
  server.on('connection', (socket, { url }) => {
    const send = (message) => socket.send(JSON.stringify(message));
    const peer = new Peer(url, (method, data) => send({ notification: true, method, data }));
    socket.on('close', () => peer.leave());
    socket.on('message', async (text, isBinary) => {
      const message = isBinary ? undefined : parse(text);
      if (message?.request !== true || !Number.isInteger(message.id) || typeof message.method !== 'string') {
        socket.close(1002);
        return;
      }
      const { id, method, data = {} } = message;
      try {
        send({ response: true, id, ok: true, data: await answer(peer, method, data) });
      } catch ({ code = 500, message: errorReason }) {
        send({ response: true, id, ok: false, errorCode: code, errorReason });
      }
    });
  });
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** As mediasoup-demo uses it. */
function serveWithProtoo(httpServer) {
  const rooms = new Map();
  const server = new protoo.WebSocketServer(httpServer, {
    maxReceivedFrameSize: 960_000,
    maxReceivedMessageSize: 960_000,
    fragmentOutgoingMessages: true,
    fragmentationThreshold: 960_000,
  });
  server.on('connectionrequest', (info, accept) => {
    const { searchParams } = new URL(info.request.url, 'http://localhost');
    const roomId = searchParams.get('roomId');
    if (!rooms.has(roomId)) rooms.set(roomId, new protoo.Room());
    const protooPeer = rooms.get(roomId).createPeer(searchParams.get('peerId'), accept());
    const peer = new Peer(info.request.url, (method, data) => protooPeer.notify(method, data).catch(() => {}));
    protooPeer.on('close', () => peer.leave());
    protooPeer.on('request', ({ method, data }, accept, reject) => {
      answer(peer, method, data).then(accept, ({ code = 500, message }) => reject(code, message));
    });
  });
}

const httpServer = createServer();
({ ws: serveWithWs, protoo: serveWithProtoo })[front](httpServer);
httpServer.listen(0, '127.0.0.1', () => console.log(httpServer.address().port));
// Whoever started this closes its standard input, or dies.
process.stdin.on('end', () => process.exit(0)).resume();
