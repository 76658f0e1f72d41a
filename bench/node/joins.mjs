/**
 * What joining is compared with: a server as mediasoup-demo's is, on protoo-server and mediasoup's own library for
 * Node, with as much of it as bench/join_load.py's clients ask for. It checks no data.
 *
 * `node joins.mjs WORKER_BINARY` prints where it is: `{"port": …, "workerPid": …}`.
 */

import { createServer } from 'node:http';
import { createRequire } from 'node:module';

import { mediasoup, scenario } from './library.mjs';

const protoo = createRequire(import.meta.url)('protoo-server');
const MAX_INCOMING_BITRATE = 5_000_000;
const INITIAL_OUTGOING_BITRATE = 1_000_000;

const worker = await mediasoup.createWorker({ workerBin: process.argv[2] });
const webRtcServer = await worker.createWebRtcServer({
  listenInfos: [
    { protocol: 'udp', ip: '127.0.0.1' },
    { protocol: 'tcp', ip: '127.0.0.1' },
  ],
});
/** @type {Map<string, Promise<Room>>} */
const rooms = new Map();

class Room {
  static async create(id) {
    const router = await worker.createRouter({ mediaCodecs: scenario.mediaCodecs });
    const loudness = await router.createAudioLevelObserver({ maxEntries: 100, threshold: -80, interval: 500 });
    return new Room(id, router, loudness);
  }

  constructor(id, router, loudness) {
    this.id = id;
    this.router = router;
    this.loudness = loudness;
    this.protooRoom = new protoo.Room();
  }

  enter(peerId, transport) {
    const peer = this.protooRoom.createPeer(peerId, transport);
    Object.assign(peer.data, { joined: false, transports: new Map(), producers: new Map(), consumers: new Map() });
    peer.on('request', (request, accept, reject) => {
      this.handle(peer, request.method, request.data).then(accept, (error) => {
        console.error(error);
        reject(error);
      });
    });
    peer.on('close', () => this.leave(peer));
  }

  leave(peer) {
    for (const transport of peer.data.transports.values()) transport.close();
    for (const other of this.others(peer)) tell(other, 'peerClosed', { peerId: peer.id });
    if (this.protooRoom.peers.length === 0) {
      rooms.delete(this.id);
      this.router.close();
    }
  }

  others(peer) {
    return this.protooRoom.peers.filter((other) => other !== peer && other.data.joined);
  }

  async handle(peer, method, data) {
    switch (method) {
      case 'getRouterRtpCapabilities':
        return this.router.rtpCapabilities;
      case 'join':
        return this.join(peer, data);
      case 'createWebRtcTransport':
        return await this.createTransport(peer, data);
      case 'connectWebRtcTransport':
        await transportOf(peer, data.transportId).connect({ dtlsParameters: data.dtlsParameters });
        return {};
      case 'produce':
        return await this.produce(peer, data);
      default:
        throw new Error(`no method ${method}`);
    }
  }

  join(peer, { displayName, device, rtpCapabilities }) {
    Object.assign(peer.data, { joined: true, displayName, device, rtpCapabilities });
    const others = this.others(peer);
    for (const other of others) {
      for (const producer of other.data.producers.values()) void this.consume(peer, other, producer);
      tell(other, 'newPeer', { id: peer.id, displayName, device });
    }
    const peers = others.map(({ id, data }) => ({ id, displayName: data.displayName, device: data.device }));
    return { peers };
  }

  async createTransport(peer, { producing, consuming }) {
    const transport = await this.router.createWebRtcTransport({
      webRtcServer,
      enableUdp: true,
      enableTcp: true,
      preferUdp: true,
      initialAvailableOutgoingBitrate: INITIAL_OUTGOING_BITRATE,
      appData: { consuming },
    });
    if (producing) await transport.setMaxIncomingBitrate(MAX_INCOMING_BITRATE);
    if (consuming) await transport.enableTraceEvent(['bwe']);
    transport.on('dtlsstatechange', (state) => {
      if (state === 'failed' || state === 'closed') console.error(`DTLS is ${state}`);
    });
    transport.on('trace', ({ info }) => tell(peer, 'downlinkBwe', info));
    peer.data.transports.set(transport.id, transport);
    const { id, iceParameters, iceCandidates, dtlsParameters } = transport;
    return { id, iceParameters, iceCandidates, dtlsParameters };
  }

  async produce(peer, { transportId, kind, rtpParameters, appData }) {
    const producer = await transportOf(peer, transportId).produce({ kind, rtpParameters, appData });
    peer.data.producers.set(producer.id, producer);
    producer.on('score', (score) => tell(peer, 'producerScore', { producerId: producer.id, score }));
    producer.observer.on('close', () => peer.data.producers.delete(producer.id));
    for (const other of this.others(peer)) void this.consume(other, peer, producer);
    if (kind === 'audio') void this.loudness.addProducer({ producerId: producer.id });
    return { id: producer.id };
  }

  async consume(peer, owner, producer) {
    const transport = [...peer.data.transports.values()].find(({ appData }) => appData.consuming);
    const { rtpCapabilities, consumers } = peer.data;
    if (!transport || !this.router.canConsume({ producerId: producer.id, rtpCapabilities })) {
      throw new Error('cannot consume');
    }
    const consumer = await transport.consume({ producerId: producer.id, rtpCapabilities, paused: true });
    const { id: consumerId, kind, rtpParameters, type, appData, producerPaused } = consumer;
    consumers.set(consumerId, consumer);
    consumer.observer.on('close', () => consumers.delete(consumerId));
    consumer.on('producerclose', () => tell(peer, 'consumerClosed', { consumerId }));
    consumer.on('producerpause', () => tell(peer, 'consumerPaused', { consumerId }));
    consumer.on('producerresume', () => tell(peer, 'consumerResumed', { consumerId }));
    consumer.on('score', (score) => tell(peer, 'consumerScore', { consumerId, score }));
    consumer.on('layerschange', (layers) => tell(peer, 'consumerLayersChanged', { consumerId, ...layers }));
    const { id: producerId } = producer;
    await peer.request('newConsumer', {
      ...{ peerId: owner.id, producerId, id: consumerId, kind, rtpParameters, type, appData, producerPaused },
    });
    await consumer.resume();
    tell(peer, 'consumerScore', { consumerId, score: consumer.score });
  }
}

function transportOf(peer, id) {
  const transport = peer.data.transports.get(id);
  if (!transport) throw new Error(`no transport ${id}`);
  return transport;
}

/** A peer that is gone need not hear it. */
function tell(peer, method, data) {
  peer.notify(method, data).catch(() => {});
}

const httpServer = createServer();
const server = new protoo.WebSocketServer(httpServer, {
  maxReceivedFrameSize: 960_000,
  maxReceivedMessageSize: 960_000,
  fragmentOutgoingMessages: true,
  fragmentationThreshold: 960_000,
});
server.on('connectionrequest', async (info, accept, reject) => {
  const { searchParams } = new URL(info.request.url, 'http://localhost');
  const roomId = searchParams.get('roomId');
  try {
    if (!rooms.has(roomId)) rooms.set(roomId, Room.create(roomId));
    const room = await rooms.get(roomId);
    room.enter(searchParams.get('peerId'), accept());
  } catch (error) {
    console.error(error);
    reject(error);
  }
});
// A consumer that is not made is an error that the clients tell: they wait for it.
process.on('unhandledRejection', (error) => console.error(error));
httpServer.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: httpServer.address().port, workerPid: worker.pid }));
});
// Whoever started this closes its standard input, or dies.
process.stdin.on('end', () => process.exit(0)).resume();
