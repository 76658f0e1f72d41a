/** All media of a session: two transports, what is sent and what is received over them. */

import type { types } from "mediasoup-client";

import { openChannel, signalChannels, type ChannelOptions, type DataChannel } from "./data-channel.js";
import type { VideoCodec } from "./encodings.js";
import { ConnectionLostError } from "./errors.js";
import type { LocalState } from "./local-state.js";
import { ProducerMaker } from "./producer-maker.js";
import { Publisher, type PublisherEvents } from "./publisher.js";
import { Route, type RepairOptions, type RouteEvents } from "./route.js";
import { sentTotals, type CallTotals } from "./rtc-stats.js";
import type { Signaling } from "./signaling.js";
import { Subscriber, type ReceiveStats, type RemoteMedia } from "./subscriber.js";
import {
  mayPublish,
  SCTP_CAPABILITIES,
  type HeldMedia,
  type KnownMedia,
  type NewConsumer,
  type NewDataConsumer,
  type Permissions,
  type ServerNotification,
  type Source,
} from "./wire.js";

/** A message that another peer sent over a data channel. */
export interface DataMessage {
  readonly peerId: string | null;
  readonly label: string;
  readonly message: unknown;
}

export interface LinkOptions {
  readonly iceTransportPolicy?: RTCIceTransportPolicy;
  readonly videoCodec?: VideoCodec;
  readonly repairOptions?: RepairOptions;
}

export interface LinkEvents extends RouteEvents, PublisherEvents {
  /** What there is to see and hear of a peer has changed. */
  onMediaOf(peerId: string): void;
  /** The server judged how well `source` arrives there: 0 (not at all) to 10. */
  onSendScore(source: Source, score: number): void;
  onData(message: DataMessage): void;
}

/** It outlives connections to the server: `hold` between two of them. Once it is closed a new one has to be made. */
export class MediaLink {
  readonly #transports: types.Transport[] = [];
  readonly #routes: Route[] = [];
  readonly #channels = new Set<types.DataProducer>();
  readonly #dataConsumers = new Map<string, types.DataConsumer>();
  #maker: ProducerMaker | null = null;
  #publisher: Publisher | null = null;
  #subscriber: Subscriber | null = null;
  /** How many transports are just telling the server their keys, which can't be told twice. */
  #connecting = 0;
  #closed = false;

  constructor(
    private readonly signaling: Signaling,
    private readonly options: LinkOptions,
    private readonly events: LinkEvents,
  ) {}

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Make the transports. What others send may come as soon as the server knows of them.
   *
   * @throws {CallError} the server refused
   * @throws {ConnectionLostError} the connection ended meanwhile, or this was closed
   */
  async open(device: types.Device, iceServers: RTCIceServer[]): Promise<void> {
    const { videoCodec } = this.options;
    const send = this.#transport(device, "send", iceServers).then((transport) => {
      this.#maker = new ProducerMaker(transport, this.signaling);
      this.#publisher = new Publisher(this.#maker, device, this.signaling, this.events, videoCodec);
    });
    const receive = this.#transport(device, "recv", iceServers).then((transport) => {
      this.#subscriber = new Subscriber(transport, (peerId) => this.events.onMediaOf(peerId));
    });
    await Promise.all([send, receive]);
  }

  /** Send what is on and allowed, and stop sending what isn't. */
  publish({ microphone, camera, screen, screenAudio }: LocalState, permissions: Permissions): void {
    const sources = { microphone, camera, screen_share: screen, screen_share_audio: screenAudio };
    for (const [name, { track, on }] of Object.entries(sources)) {
      const source = name as Source;
      this.#publisher?.want(source, track && mayPublish(permissions, source) ? { track, on } : null);
    }
  }

  consume(offer: NewConsumer): Promise<void> {
    return this.#subscriber?.consume(offer) ?? Promise.reject(new ConnectionLostError());
  }

  async consumeData({ peerId, ...offer }: NewDataConsumer): Promise<void> {
    const consumer = await this.#toward("recv").consumeData(offer);
    this.#dataConsumers.set(consumer.id, consumer);
    consumer.observer.on("close", () => this.#dataConsumers.delete(consumer.id));
    consumer.on("message", (message: unknown) => this.events.onData({ peerId, label: offer.label, message }));
    consumer.on("error", (error) => console.warn(`data channel "${offer.label}" failed`, error));
  }

  handle(notification: ServerNotification): void {
    const { method, data } = notification;
    this.#subscriber?.handle(notification);
    switch (method) {
      case "peerClosed":
        return this.#subscriber?.closePeer(data.peerId);
      case "producerClosed":
        return this.#publisher?.closedByServer(data.producerId);
      case "producersPaused":
        return this.#publisher?.limit(data.producers);
      case "producerScore":
        return this.#sendScore(data.producerId, data.score);
      case "dataConsumerClosed":
        this.#dataConsumers.get(data.dataConsumerId)?.close();
    }
  }

  /** What there is of a peer, in the order in which it came. */
  mediaOf(peerId: string): RemoteMedia[] {
    return this.#subscriber?.mediaOf(peerId) ?? [];
  }

  /** As the function of this name. */
  async openChannel(label: string, options: ChannelOptions): Promise<DataChannel> {
    return openChannel(this.#toward("send"), label, options);
  }

  /** The connection to the server is lost: media flow on, and everything else waits for the next one. */
  hold(): void {
    this.#maker?.hold();
    this.#publisher?.hold();
    this.#subscriber?.hold();
    for (const route of this.#routes) route.hold();
    // What was not made in full, or is known to nobody knows whom, is of no use.
    if (!this.#publisher || !this.#subscriber || this.#connecting > 0) this.close();
  }

  /** Say what there is; nothing of what is of no use any more. */
  held(): HeldMedia {
    const lives = !this.#closed;
    return {
      transports: lives ? this.#transports.map(({ id }) => id) : [],
      producers: (lives && this.#publisher?.ids) || [],
      consumers: (lives && this.#subscriber?.ids) || [],
      dataProducers: lives ? [...this.#channels].map(({ id }) => id) : [],
      dataConsumers: lives ? [...this.#dataConsumers.keys()] : [],
    };
  }

  /** Go on with what the server has of it. What it has not is closed: all of this, if that is a transport. */
  resume(known: KnownMedia): void {
    const kept = idsOf(known.transports);
    if (!this.#transports.every(({ id }) => kept.has(id))) this.close();
    if (this.#closed) return;
    this.#maker?.resume();
    this.#publisher?.resume(known.producers);
    this.#subscriber?.resume(known.consumers);
    closeAllBut(idsOf(known.dataProducers), this.#channels);
    closeAllBut(idsOf(known.dataConsumers), this.#dataConsumers.values());
    for (const route of this.#routes) route.resume();
  }

  /** Use these from the next search for a way on. */
  useServers(iceServers: RTCIceServer[]): void {
    for (const transport of this.#transports) {
      transport.updateIceServers({ iceServers }).catch((error: unknown) => {
        if (!this.#closed) console.warn("the ICE servers can't be changed", error);
      });
    }
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

  /** Close everything on this side. */
  close(): void {
    this.#closed = true;
    for (const route of this.#routes) route.close();
    for (const transport of this.#transports) transport.close();
  }

  #toward(direction: "send" | "recv"): types.Transport {
    const transport = this.#transports.find((transport) => transport.direction === direction);
    if (!transport || this.#closed) throw new ConnectionLostError();
    return transport;
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
    if (this.#closed) throw new ConnectionLostError();
    const { iceTransportPolicy, repairOptions } = this.options;
    const options = { ...answer, iceServers, ...(iceTransportPolicy && { iceTransportPolicy }) };
    const transport =
      direction === "send" ? device.createSendTransport(options) : device.createRecvTransport(options);
    this.#transports.push(transport);
    this.#connectSignaling(transport);
    const restartIce = () => this.signaling.request("restartIce", { transportId: transport.id });
    this.#routes.push(new Route(transport, restartIce, this.events, repairOptions));
    return transport;
  }

  /** Let the transport speak to its counterpart in the server. */
  #connectSignaling(transport: types.Transport): void {
    const transportId = transport.id;
    transport.on("connect", ({ dtlsParameters }, done, failed) => {
      this.#connecting += 1;
      this.signaling
        .request("connectWebRtcTransport", { transportId, dtlsParameters })
        .finally(() => (this.#connecting -= 1))
        .then(() => done(), failed);
    });
    signalChannels(transport, this.signaling);
    transport.observer.on("newdataproducer", (channel) => {
      this.#channels.add(channel);
      channel.observer.on("close", () => this.#channels.delete(channel));
    });
  }

  /** The camera's sizes are judged one by one; the best of them is what the others can get. */
  #sendScore(producerId: string, streams: { score: number }[]): void {
    const source = this.#publisher?.sourceOf(producerId);
    if (source) this.events.onSendScore(source, Math.max(0, ...streams.map(({ score }) => score)));
  }
}

function idsOf(things: readonly { id: string }[]): Set<string> {
  return new Set(things.map(({ id }) => id));
}

function closeAllBut(ids: Set<string>, things: Iterable<{ id: string; close(): void }>): void {
  for (const thing of [...things]) {
    if (!ids.has(thing.id)) thing.close();
  }
}
