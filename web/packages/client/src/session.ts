/**
 * One stay in a room, from joining to leaving: who is there, and the media, over one connection after another.
 *
 * When a connection is lost the session is held, and resumed on the next one. It is over when the server does not
 * remember it any more.
 */

import { Device, type types } from "mediasoup-client";

import type { ChannelOptions, DataChannel } from "./data-channel.js";
import { CallError, ConnectionLostError } from "./errors.js";
import { IceServerList } from "./ice-servers.js";
import type { LocalState } from "./local-state.js";
import { MediaLink, type DataMessage, type LinkOptions } from "./media-link.js";
import type { PublisherEvents } from "./publisher.js";
import { Roster, type RemotePeer } from "./roster.js";
import type { CallTotals } from "./rtc-stats.js";
import type { Signaling } from "./signaling.js";
import type { ReceiveStats } from "./subscriber.js";
import {
  SCTP_CAPABILITIES,
  type DeviceInfo,
  type Permissions,
  type ServerNotification,
  type ServerRequest,
  type Source,
  type Welcome,
} from "./wire.js";

export interface SessionEvents extends PublisherEvents {
  onPeers(peers: readonly RemotePeer[]): void;
  onActiveSpeaker(peerId: string | null): void;
  onSendScore(source: Source, score: number): void;
  onData(message: DataMessage): void;
  /** Media gets through, or (again) not. */
  onMedia(works: boolean): void;
  /** The connection to the server is no good, or has to be made anew so that the media can be. */
  onBroken(): void;
  /** The media can't be made anew in this session, and another may do. */
  onHopeless(): void;
}

export interface SessionOptions extends LinkOptions {
  readonly displayName: string;
  readonly deviceInfo: DeviceInfo;
  readonly iceServers?: readonly RTCIceServer[];
  /** How to make mediasoup's device; tests give one that needs no browser. */
  readonly createDevice?: () => Promise<types.Device>;
}

/** What it takes to come back. */
interface Ticket {
  readonly sessionId: string;
  readonly resumeToken: string;
}

export class Session {
  readonly #roster = new Roster();
  readonly #iceServers: IceServerList;
  /** The device, and the capabilities of the room that it knows. */
  #device: { readonly device: types.Device; readonly knows: string } | null = null;
  #prepared: Promise<types.Device> | null = null;
  #link: MediaLink | null = null;
  #ticket: Ticket | null = null;
  /** What to send, once there is a way. */
  #wanted: [LocalState, Permissions] | null = null;
  #closed = false;

  constructor(
    private readonly signaling: Signaling,
    private readonly options: SessionOptions,
    private readonly events: SessionEvents,
  ) {
    this.#iceServers = new IceServerList(signaling, options.iceServers ?? [], (servers) =>
      this.#link?.useServers(servers),
    );
  }

  /** The secret with which to connect to {@link resume}; null for who has not joined, or can't. */
  get resumeToken(): string | null {
    return this.#closed || !this.#ticket ? null : this.#ticket.resumeToken;
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
    // Once for all attempts to join.
    this.#prepared ??= this.#makeLink(this.signaling.request("getRouterRtpCapabilities", {}));
    const { recvRtpCapabilities } = await this.#prepared;
    const welcome = await this.signaling.request("join", {
      displayName,
      device: deviceInfo,
      rtpCapabilities: recvRtpCapabilities,
      sctpCapabilities: SCTP_CAPABILITIES,
      dynacast: true,
    });
    this.#welcomed(welcome);
    return welcome;
  }

  /** The connection to the server is lost. Media flow on. */
  hold(): void {
    this.#link?.hold();
  }

  /**
   * Go on over a new connection, with what the server has of this session.
   *
   * @throws {CallError} the server refused; `cannot_resume`: it knows nothing of this session (any more)
   * @throws {ConnectionLostError} the connection, or this session, ended meanwhile
   */
  async resume(): Promise<Welcome> {
    if (!this.#ticket || !this.#link) throw new ConnectionLostError();
    const { sessionId } = this.#ticket;
    const answer = await this.signaling.request("resume", { sessionId, ...this.#link.held() });
    // Before it is compared what there is: what a moderator stopped is not to be sent again.
    for (const missed of answer.missed ?? []) this.signaling.emit("notification", missed);
    this.#link.resume(answer);
    this.#welcomed(answer);
    void this.#iceServers.renew();
    if (!this.#link.closed) return answer;
    if (answer.transports.length > 0) {
      // What is left of it in the server has to go, too: the next time nothing of it is named.
      this.events.onBroken();
      throw new ConnectionLostError();
    }
    void this.#rebuild(this.signaling.request("getRouterRtpCapabilities", {}));
    return answer;
  }

  /** Send what is on and allowed, and stop sending what isn't. */
  publish(...wanted: [LocalState, Permissions]): void {
    this.#wanted = wanted;
    this.#link?.publish(...wanted);
  }

  /** Answer a request of the server. */
  async handleRequest({ method, data }: ServerRequest): Promise<void> {
    if (method === "newConsumer" && this.#link) return this.#link.consume(data);
    if (method === "newDataConsumer" && this.#link) return this.#link.consumeData(data);
    throw new Error(`"${method}" makes no sense now`);
  }

  handleNotification(notification: ServerNotification): void {
    const { method, data } = notification;
    this.#link?.handle(notification);
    switch (method) {
      case "newPeer":
        return this.#rosterChanged(() => this.#roster.add(data, this.#mediaOf(data.id)));
      case "peerClosed":
        return this.#rosterChanged(() => this.#roster.remove(data.peerId));
      case "peerDisplayNameChanged":
        return this.#rosterChanged(() => this.#roster.change(data.peerId, { displayName: data.displayName }));
      case "peerUpdated": {
        const { peerId, ...changes } = data;
        return this.#rosterChanged(() => this.#roster.change(peerId, changes));
      }
      case "activeSpeaker":
        return this.events.onActiveSpeaker(data.peerId ?? null);
      case "rebuild":
        return void this.#rebuild(Promise.resolve(data.routerRtpCapabilities));
    }
  }

  /** As the function of this name. */
  openChannel(label: string, options: ChannelOptions): Promise<DataChannel> {
    return this.#link?.openChannel(label, options) ?? Promise.reject(new ConnectionLostError());
  }

  receiveStats(): Promise<ReceiveStats[]> {
    return this.#link?.receiveStats() ?? Promise.resolve([]);
  }

  sendStats(): Promise<Map<Source, RTCStatsReport>> {
    return this.#link?.sendStats() ?? Promise.resolve(new Map());
  }

  totals(): Promise<CallTotals> {
    return this.#link?.totals() ?? Promise.resolve({ received: {}, sent: {} });
  }

  /** Close the media on this side; the server drops its side when we leave. */
  close(): void {
    this.#closed = true;
    this.#iceServers.close();
    this.#link?.close();
  }

  #welcomed({ sessionId, resumeToken, peers }: Welcome): void {
    this.#mustGoOn();
    this.#ticket = sessionId && resumeToken ? { sessionId, resumeToken } : null;
    this.#rosterChanged(() => this.#roster.replace(peers, (peerId) => this.#mediaOf(peerId)));
  }

  /** Make the media anew, of which the server has nothing any more. */
  async #rebuild(capabilities: Promise<types.RtpCapabilities>): Promise<void> {
    try {
      await this.#makeLink(capabilities);
    } catch (error) {
      // Where the connection is lost it is done on the next one; where the room has no worker, that is told later.
      const comesAgain = error instanceof CallError && error.status === 503;
      if (this.#closed || comesAgain || error instanceof ConnectionLostError) return;
      console.warn("the media could not be made anew", error);
      this.events.onHopeless();
    }
  }

  /** Make a link instead of the one that there is. Of several that are made at once the last one counts. */
  async #makeLink(asked: Promise<types.RtpCapabilities>): Promise<types.Device> {
    this.#closeLink();
    const link = (this.#link = this.#newLink());
    const [capabilities, iceServers] = await Promise.all([asked, this.#iceServers.load()]);
    const device = await this.#deviceFor(capabilities);
    if (link.closed) throw new ConnectionLostError();
    await link.open(device, iceServers);
    if (this.#wanted) link.publish(...this.#wanted);
    return device;
  }

  #newLink(): MediaLink {
    return new MediaLink(this.signaling, this.options, {
      ...this.events,
      onMediaOf: (peerId) => this.#mediaChanged(peerId),
      onBroken: () => {
        this.#closeLink();
        this.events.onBroken();
      },
      onUnanswered: () => this.events.onBroken(),
    });
  }

  /** Close what there is of media: what was seen and heard of the others goes with it. */
  #closeLink(): void {
    if (!this.#link) return;
    this.#link.close();
    this.#rosterChanged(() => {
      for (const { id } of this.#roster.list()) this.#roster.change(id, { media: [] });
    });
  }

  async #deviceFor(routerRtpCapabilities: types.RtpCapabilities): Promise<types.Device> {
    const { createDevice = () => Device.factory() } = this.options;
    const knows = JSON.stringify(routerRtpCapabilities);
    if (this.#device?.knows === knows) return this.#device.device;
    const device = await createDevice();
    await device.load({ routerRtpCapabilities });
    this.#device = { device, knows };
    return device;
  }

  #mediaOf(peerId: string): RemotePeer["media"] {
    return (!this.#link?.closed && this.#link?.mediaOf(peerId)) || [];
  }

  #mediaChanged(peerId: string): void {
    this.#rosterChanged(() => this.#roster.change(peerId, { media: this.#mediaOf(peerId) }));
  }

  #rosterChanged(change: () => void): void {
    change();
    if (!this.#closed) this.events.onPeers(this.#roster.list());
  }

  #mustGoOn(): void {
    if (this.#closed) throw new ConnectionLostError();
  }
}
