/**
 * One stay in a room over one connection: device, two transports, what is sent and what is received.
 *
 * When the connection ends, so does the session; the call makes another.
 */

import { Device, type types } from "mediasoup-client";

import { ConnectionLostError } from "./errors";
import type { LocalState } from "./local-media";
import { Publisher } from "./publisher";
import { Roster, type RemotePeer } from "./roster";
import type { Signaling } from "./signaling";
import { Subscriber, type ReceiveStats } from "./subscriber";
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
} from "./wire";

/** A message that another peer sent over a data channel. */
export interface DataMessage {
  readonly peerId: string | null;
  readonly label: string;
  readonly message: unknown;
}

export interface SessionEvents {
  onPeers(peers: readonly RemotePeer[]): void;
  onActiveSpeaker(peerId: string | null): void;
  /** The server judged how well `source` arrives there: 0 (not at all) to 10. */
  onSendScore(source: Source, score: number): void;
  onData(message: DataMessage): void;
  onRefused(source: Source, error: unknown): void;
  /** The way for media works, or (again) not. */
  onMedia(works: boolean): void;
  /** Media can't be repaired within this session: start another. */
  onBroken(): void;
}

export interface SessionOptions {
  readonly displayName: string;
  readonly deviceInfo: DeviceInfo;
  readonly iceServers?: readonly RTCIceServer[];
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
  #prepared: Promise<Prepared> | null = null;
  #publisher: Publisher | null = null;
  #subscriber: Subscriber | null = null;
  #closed = false;

  constructor(
    private readonly signaling: Signaling,
    private readonly options: SessionOptions,
    private readonly events: SessionEvents,
  ) {}

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
      case "activeSpeaker":
        return this.events.onActiveSpeaker(data.peerId ?? null);
      case "producerClosed":
        return this.#publisher?.closedByServer(data.producerId);
      case "producerScore":
        return this.#sendScore(data.producerId, data.score);
      case "dataConsumerClosed":
        this.#dataConsumers.get(data.dataConsumerId)?.close();
        this.#dataConsumers.delete(data.dataConsumerId);
    }
  }

  receiveStats(): Promise<ReceiveStats[]> {
    return this.#subscriber?.stats() ?? Promise.resolve([]);
  }

  sendStats(): Promise<Map<Source, RTCStatsReport>> {
    return this.#publisher?.stats() ?? Promise.resolve(new Map());
  }

  /** Close the media on this side; the server drops its side with the connection. */
  close(): void {
    this.#closed = true;
    for (const transport of this.#transports) transport.close();
  }

  /** Have a device and two transports; once for all attempts to join. */
  #prepare(): Promise<Prepared> {
    this.#prepared ??= this.#makeReady();
    return this.#prepared;
  }

  async #makeReady(): Promise<Prepared> {
    const { createDevice = () => Device.factory() } = this.options;
    const device = await createDevice();
    const routerRtpCapabilities = await this.signaling.request("getRouterRtpCapabilities", {});
    await device.load({ routerRtpCapabilities });
    const [send, receive] = await Promise.all([
      this.#transport(device, "send"),
      this.#transport(device, "recv"),
    ]);
    const subscriber = new Subscriber(receive, (peerId) => this.#mediaChanged(peerId));
    this.#publisher = new Publisher(send, device, this.signaling, this.events.onRefused);
    this.#subscriber = subscriber;
    return { device, subscriber };
  }

  async #transport(device: types.Device, direction: "send" | "recv"): Promise<types.Transport> {
    const answer = await this.signaling.request("createWebRtcTransport", {
      forceTcp: false,
      producing: direction === "send",
      consuming: direction === "recv",
      sctpCapabilities: SCTP_CAPABILITIES,
    });
    this.#mustBeOpen();
    const options = { ...answer, iceServers: [...(this.options.iceServers ?? [])] };
    const transport =
      direction === "send" ? device.createSendTransport(options) : device.createRecvTransport(options);
    this.#transports.push(transport);
    this.#connectSignaling(transport);
    this.#watch(transport);
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

  /** Try another way for media when the one there was has failed, once; then it takes a new session. */
  #watch(transport: types.Transport): void {
    let restarted = false;
    transport.on("connectionstatechange", (state) => {
      if (this.#closed) return;
      if (state === "connected") {
        restarted = false;
        this.events.onMedia(true);
      } else if (state === "failed") {
        this.events.onMedia(false);
        if (restarted) return this.events.onBroken();
        restarted = true;
        this.#restartIce(transport).catch((error: unknown) => {
          if (this.#closed) return;
          console.warn("the way for media could not be repaired", error);
          this.events.onBroken();
        });
      }
    });
  }

  async #restartIce(transport: types.Transport): Promise<void> {
    const iceParameters = await this.signaling.request("restartIce", { transportId: transport.id });
    await transport.restartIce({ iceParameters });
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
