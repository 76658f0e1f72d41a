/**
 * One stay in a room over one connection: device, two transports, what is sent and what is received.
 *
 * When the connection ends, so does the session; the call makes another.
 */

import { Device, type types } from "mediasoup-client";

import { openChannel, signalChannels, type ChannelOptions, type DataChannel } from "./data-channel.js";
import type { VideoCodec } from "./encodings.js";
import { ConnectionLostError } from "./errors.js";
import { IceServerList } from "./ice-servers.js";
import type { LocalState } from "./local-media.js";
import { Publisher } from "./publisher.js";
import { Roster, type RemotePeer } from "./roster.js";
import { Route, type RepairOptions, type RouteEvents } from "./route.js";
import { sentTotals, type CallTotals } from "./rtc-stats.js";
import type { Signaling } from "./signaling.js";
import { Subscriber, type ReceiveStats } from "./subscriber.js";
import {
  mayPublish,
  SCTP_CAPABILITIES,
  type DeviceInfo,
  type NewDataConsumer,
  type Permissions,
  type ServerNotification,
  type ServerRequest,
  type Source,
  type Welcome,
} from "./wire.js";

/** A message that another peer sent over a data channel. */
export interface DataMessage {
  readonly peerId: string | null;
  readonly label: string;
  readonly message: unknown;
}

/** Of its routes: `onBroken` means that media can't be repaired within this session, and another may do. */
export interface SessionEvents extends RouteEvents {
  onPeers(peers: readonly RemotePeer[]): void;
  onActiveSpeaker(peerId: string | null): void;
  /** The server judged how well `source` arrives there: 0 (not at all) to 10. */
  onSendScore(source: Source, score: number): void;
  onData(message: DataMessage): void;
  onRefused(source: Source, error: unknown): void;
}

export interface SessionOptions {
  readonly displayName: string;
  readonly deviceInfo: DeviceInfo;
  readonly iceServers?: readonly RTCIceServer[];
  readonly iceTransportPolicy?: RTCIceTransportPolicy;
  readonly videoCodec?: VideoCodec;
  readonly repairOptions?: RepairOptions;
  /** How to make mediasoup's device; tests give one that needs no browser. */
  readonly createDevice?: () => Promise<types.Device>;
}

/** What it takes to join. */
interface Prepared {
  readonly device: types.Device;
  readonly subscriber: Subscriber;
}

export class Session {
  readonly #roster = new Roster();
  readonly #dataConsumers = new Map<string, types.DataConsumer>();
  readonly #transports: types.Transport[] = [];
  readonly #routes: Route[] = [];
  readonly #iceServers: IceServerList;
  #prepared: Promise<Prepared> | null = null;
  #publisher: Publisher | null = null;
  #subscriber: Subscriber | null = null;
  #closed = false;

  constructor(
    private readonly signaling: Signaling,
    private readonly options: SessionOptions,
    private readonly events: SessionEvents,
  ) {
    this.#iceServers = new IceServerList(signaling, options.iceServers ?? [], (servers) => this.#useServers(servers));
  }

  /**
   * Join the room. Afterwards `publish()` works. Who was told to wait for it may join again later.
   *
   * @throws {CallError} the server refused
   * @throws {UnsupportedError} mediasoup-client does not know this browser
   * @throws {ConnectionLostError} the connection, or this session, ended meanwhile
   */
  async join(): Promise<Welcome> {
    const { displayName, deviceInfo } = this.options;
    const { device, subscriber } = await this.#prepare();
    const welcome = await this.signaling.request("join", {
      displayName,
      device: deviceInfo,
      rtpCapabilities: device.recvRtpCapabilities,
      sctpCapabilities: SCTP_CAPABILITIES,
      dynacast: true,
    });
    this.#mustBeOpen();
    for (const peer of welcome.peers) this.#roster.add(peer, subscriber.mediaOf(peer.id));
    this.events.onPeers(this.#roster.list());
    return welcome;
  }

  /** Send what is on and allowed, and stop sending what isn't. */
  publish({ microphone, camera, screen, screenAudio }: LocalState, permissions: Permissions): void {
    const sources = { microphone, camera, screen_share: screen, screen_share_audio: screenAudio };
    for (const [name, { track, on }] of Object.entries(sources)) {
      const source = name as Source;
      this.#publisher?.want(source, track && mayPublish(permissions, source) ? { track, on } : null);
    }
  }

  /** Answer a request of the server. */
  async handleRequest({ method, data }: ServerRequest): Promise<void> {
    if (method === "newConsumer" && this.#subscriber) return this.#subscriber.consume(data);
    if (method === "newDataConsumer" && this.#subscriber) return this.#consumeData(data);
    throw new Error(`"${method}" makes no sense now`);
  }

  handleNotification(notification: ServerNotification): void {
    const { method, data } = notification;
    this.#subscriber?.handle(notification);
    switch (method) {
      case "newPeer":
        return this.#rosterChanged(() => this.#roster.add(data, this.#subscriber?.mediaOf(data.id) ?? []));
      case "peerClosed":
        this.#subscriber?.closePeer(data.peerId);
        return this.#rosterChanged(() => this.#roster.remove(data.peerId));
      case "peerDisplayNameChanged":
        return this.#rosterChanged(() => this.#roster.change(data.peerId, { displayName: data.displayName }));
      case "peerUpdated": {
        const { peerId, ...changes } = data;
        return this.#rosterChanged(() => this.#roster.change(peerId, changes));
      }
      case "activeSpeaker":
        return this.events.onActiveSpeaker(data.peerId ?? null);
      case "producerClosed":
        return this.#publisher?.closedByServer(data.producerId);
      case "producersPaused":
        return this.#publisher?.limit(data.producers);
      case "producerScore":
        return this.#sendScore(data.producerId, data.score);
      case "dataConsumerClosed":
        this.#dataConsumers.get(data.dataConsumerId)?.close();
        this.#dataConsumers.delete(data.dataConsumerId);
    }
  }

  /** As {@link openChannel}. */
  async openChannel(label: string, options: ChannelOptions): Promise<DataChannel> {
    const transport = this.#transports.find(({ direction }) => direction === "send");
    if (!transport) throw new ConnectionLostError();
    return openChannel(transport, label, options);
  }

  receiveStats(): Promise<ReceiveStats[]> {
    return this.#subscriber?.stats() ?? Promise.resolve([]);
  }

  sendStats(): Promise<Map<Source, RTCStatsReport>> {
    return this.#publisher?.stats() ?? Promise.resolve(new Map());
  }

  async totals(): Promise<CallTotals> {
    const [received = {}, sent] = await Promise.all([this.#subscriber?.totals(), this.sendStats()]);
    return {
      received,
      sent: Object.fromEntries([...sent].map(([source, report]) => [source, sentTotals(report)])),
    };
  }

  /** Close the media on this side; the server drops its side with the connection. */
  close(): void {
    this.#closed = true;
    this.#iceServers.close();
    for (const route of this.#routes) route.close();
    for (const transport of this.#transports) transport.close();
  }

  /** Have a device and two transports; once for all attempts to join. */
  #prepare(): Promise<Prepared> {
    this.#prepared ??= this.#makeReady();
    return this.#prepared;
  }

  async #makeReady(): Promise<Prepared> {
    const { createDevice = () => Device.factory(), videoCodec } = this.options;
    const device = await createDevice();
    const [routerRtpCapabilities, iceServers] = await Promise.all([
      this.signaling.request("getRouterRtpCapabilities", {}),
      this.#iceServers.load(),
    ]);
    await device.load({ routerRtpCapabilities });
    const [send, receive] = await Promise.all([
      this.#transport(device, "send", iceServers),
      this.#transport(device, "recv", iceServers),
    ]);
    const subscriber = new Subscriber(receive, (peerId) => this.#mediaChanged(peerId));
    this.#publisher = new Publisher(send, device, this.signaling, this.events.onRefused, videoCodec);
    this.#subscriber = subscriber;
    return { device, subscriber };
  }

  async #transport(
    device: types.Device,
    direction: "send" | "recv",
    iceServers: RTCIceServer[],
  ): Promise<types.Transport> {
    const answer = await this.signaling.request("createWebRtcTransport", {
      forceTcp: false,
      producing: direction === "send",
      consuming: direction === "recv",
      sctpCapabilities: SCTP_CAPABILITIES,
    });
    this.#mustBeOpen();
    const { iceTransportPolicy } = this.options;
    const options = { ...answer, iceServers, ...(iceTransportPolicy && { iceTransportPolicy }) };
    const transport =
      direction === "send" ? device.createSendTransport(options) : device.createRecvTransport(options);
    this.#transports.push(transport);
    this.#connectSignaling(transport);
    signalChannels(transport, this.signaling);
    const restartIce = () => this.signaling.request("restartIce", { transportId: transport.id });
    this.#routes.push(new Route(transport, restartIce, this.events, this.options.repairOptions));
    return transport;
  }

  /** Let the transport speak to its counterpart in the server. */
  #connectSignaling(transport: types.Transport): void {
    const transportId = transport.id;
    transport.on("connect", ({ dtlsParameters }, done, failed) => {
      this.signaling
        .request("connectWebRtcTransport", { transportId, dtlsParameters })
        .then(() => done(), failed);
    });
    transport.on("produce", ({ kind, rtpParameters, appData }, done, failed) => {
      this.signaling.request("produce", { transportId, kind, rtpParameters, appData }).then(done, failed);
    });
  }

  /** From the next search for a way on. */
  #useServers(iceServers: RTCIceServer[]): void {
    for (const transport of this.#transports) {
      transport.updateIceServers({ iceServers }).catch((error: unknown) => {
        if (!this.#closed) console.warn("the ICE servers can't be changed", error);
      });
    }
  }

  async #consumeData({ peerId, ...offer }: NewDataConsumer): Promise<void> {
    const transport = this.#transports.find(({ direction }) => direction === "recv");
    if (!transport) throw new ConnectionLostError();
    const consumer = await transport.consumeData(offer);
    this.#dataConsumers.set(consumer.id, consumer);
    consumer.on("message", (message: unknown) => this.events.onData({ peerId, label: offer.label, message }));
    consumer.on("error", (error) => console.warn(`data channel "${offer.label}" failed`, error));
  }

  /** The camera's sizes are judged one by one; the best of them is what the others can get. */
  #sendScore(producerId: string, streams: { score: number }[]): void {
    const source = this.#publisher?.sourceOf(producerId);
    if (source) this.events.onSendScore(source, Math.max(0, ...streams.map(({ score }) => score)));
  }

  #mediaChanged(peerId: string): void {
    const media = this.#subscriber?.mediaOf(peerId) ?? [];
    this.#rosterChanged(() => this.#roster.change(peerId, { media }));
  }

  #rosterChanged(change: () => void): void {
    change();
    if (!this.#closed) this.events.onPeers(this.#roster.list());
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new ConnectionLostError();
  }
}
