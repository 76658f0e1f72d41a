/**
 * A call: joins a room, stays in it over lost connections and restarted servers, and leaves it.
 *
 * ```ts
 * const media = new LocalMedia();
 * await media.open();
 * const door = new Door({ roomId: "garden" });
 * const call = new Call({ door, displayName: "Ada", media });
 * call.state.subscribe(() => show(call.state.get()));
 * …
 * call.leave();
 * ```
 */

import { deviceInfo } from "./browser.js";
import type { CallEvents, CallOptions } from "./call-options.js";
import { initialState, NOBODY_HERE, NOT_TOLD, roomUpdated, welcomed, type CallState } from "./call-state.js";
import type { ChannelOptions, DataChannel } from "./data-channel.js";
import { diagnose, diagnosisOf } from "./diagnose.js";
import type { Address, Door } from "./door.js";
import { Emitter } from "./emitter.js";
import { CallError, ConnectionLostError } from "./errors.js";
import type { LocalMedia } from "./local-media.js";
import { Meeting } from "./meeting.js";
import { Moderation } from "./moderation.js";
import {
  BROWSER_UNSUPPORTED,
  closedForGoodProblem,
  connectionLostProblem,
  describe,
  MEDIA_BLOCKED,
  roomClosedProblem,
  SERVER_UNREACHABLE,
  type Problem,
} from "./problem.js";
import { Pulse } from "./pulse.js";
import type { CallTotals } from "./rtc-stats.js";
import { Signaling } from "./signaling.js";
import { isForGood, ReconnectingSocket, type Closing } from "./socket.js";
import { Stay, type Entry } from "./stay.js";
import { Store } from "./store.js";
import type { ReceiveStats } from "./subscriber.js";
import { Subscriptions } from "./subscriptions.js";
import type { Actor, ServerNotification, Source, Welcome } from "./wire.js";

/** How long the server has for closing the socket after it closed the room, in ms. */
const CLOSING_TIMEOUT = 3_000;

export class Call extends Emitter<CallEvents> {
  readonly state: Store<CallState>;
  readonly media: LocalMedia;
  /** Chat, reactions, hands, metadata, data for programs. */
  readonly meeting: Meeting;
  /** For moderators: what they may do to others, and those who wait. */
  readonly moderation: Moderation;
  /** What is received of the others' media. */
  readonly subscriptions: Subscriptions;
  readonly #options: CallOptions;
  readonly #door: Door;
  /** Where the last attempt to connect went. */
  #address: Address | null = null;
  readonly #socket: ReconnectingSocket;
  readonly #signaling: Signaling;
  readonly #unwatchMedia: () => void;
  readonly #stay: Stay;
  #connected = false;
  /** Who sends us away, told before the connection closes. */
  #sentAwayBy: string | null = null;
  #closingTimer: ReturnType<typeof setTimeout> | undefined;

  /** Start joining; `state` tells how it goes. */
  constructor(options: CallOptions) {
    super();
    const { door, displayName, media, socketOptions } = options;
    this.#options = options;
    this.#door = door;
    this.media = media;
    this.state = new Store<CallState>(initialState(door.roomId, door.peerId, displayName));
    this.#socket = new ReconnectingSocket(() => this.#findDoor(), socketOptions);
    this.#signaling = new Signaling(this.#socket);
    new Pulse(this.#socket, () => this.#signaling.request("getIceServers", {}));
    this.#stay = this.#newStay();
    this.meeting = new Meeting(this.state, this.#signaling);
    this.moderation = new Moderation(this.state, media, this.#signaling);
    this.subscriptions = new Subscriptions(this.state, this.#signaling);
    this.#unwatchMedia = media.state.subscribe(() => this.#publish());
    this.#socket.on("open", () => this.#opened());
    this.#socket.on("failed", (_attempt, error) => void this.#connectFailed(error));
    this.#socket.on("disconnected", (closing) => this.#fellOut(closing));
    this.#socket.on("close", (closing) => this.#closed(closing));
    this.#signaling.on("request", (...request) => void this.#stay.answer(...request));
    this.#signaling.on("notification", (notification) => this.#notified(notification));
  }

  /** Leave the room. The sources stay as they are. */
  leave(): void {
    this.#end(null);
  }

  /** Take note of what does not work: forget the problem of a call that goes on. */
  dismissProblem(): void {
    if (this.state.get().status === "joined") this.state.update({ problem: null });
  }

  /**
   * Open a data channel to the others; what they send on theirs comes as the event `data`.
   *
   * @throws {CallError} the server refused
   * @throws {ConnectionLostError} there is no connection, or it ended meanwhile
   */
  openChannel(label: string, options: ChannelOptions = {}): Promise<DataChannel> {
    return this.#stay.session?.openChannel(label, options) ?? Promise.reject(new ConnectionLostError());
  }

  /** What arrives from the others, one entry for each of their tracks: for diagnosis and tests. */
  receiveStats(): Promise<ReceiveStats[]> {
    return this.#stay.session?.receiveStats() ?? Promise.resolve([]);
  }

  /** The browser's statistics of what is sent, by source: for diagnosis and tests. */
  sendStats(): Promise<Map<Source, RTCStatsReport>> {
    return this.#stay.session?.sendStats() ?? Promise.resolve(new Map());
  }

  /** What has come and gone since each track began; {@link StatsMonitor} makes something of it. */
  totals(): Promise<CallTotals> {
    return this.#stay.session?.totals() ?? Promise.resolve({ received: {}, sent: {} });
  }

  async #findDoor(): Promise<Address> {
    // The socket asks for the first time while this is still being made.
    await Promise.resolve();
    this.#address = await this.#door.address(this.#stay.session?.resumeToken);
    return this.#address;
  }

  #opened(): void {
    this.#connected = true;
    this.#door.opened();
    this.state.update({ peerId: this.#door.peerId, roomName: this.#door.roomName });
    this.#stay.enter();
  }

  #newStay(): Stay {
    const { door, media, socketOptions, ...options } = this.#options;
    const sessionOptions = () => ({
      ...options,
      displayName: this.state.get().displayName,
      deviceInfo: deviceInfo(),
      iceServers: this.#door.iceServers,
    });
    return new Stay(this.#signaling, sessionOptions, {
      onEntered: (welcome, how) => this.#entered(welcome, how),
      onJoinFailed: (error) => this.#joinFailed(error),
      onOver: () => this.state.update(NOBODY_HERE),
      onBroken: (reason) => this.#socket.reconnect(reason),
      onPeers: (peers) => this.state.update({ peers }),
      onActiveSpeaker: (activeSpeaker) => this.state.update({ activeSpeaker }),
      onSendScore: (source, score) => {
        this.state.update({ sendScores: { ...this.state.get().sendScores, [source]: score } });
      },
      onData: (message) => this.emit("data", message),
      onRefused: (source, error) => this.#publishFailed(source, error),
      onMuted: (source) => this.moderation.mutedMeanwhile(source),
      onMedia: (works) => this.#mediaWorks(works),
    });
  }

  #entered(welcome: Welcome, how: Entry): void {
    this.#socket.healthy();
    const news = welcomed(this.state.get(), welcome);
    if (how === "resumed") {
      this.state.update({ ...NOT_TOLD, ...news });
      this.meeting.resumed(welcome);
      this.subscriptions.resumed();
    } else {
      this.state.update(news);
      this.meeting.joined(welcome);
      this.subscriptions.joined();
    }
    this.#publish();
    if (how !== "joined") this.emit(how);
  }

  #publish(): void {
    const { status, permissions } = this.state.get();
    if (status === "joined") this.#stay.session?.publish(this.media.state.get(), permissions);
  }

  #joinFailed(error: unknown): void {
    if (error instanceof CallError && error.errorName === "in_lobby") return this.#wait();
    if (error instanceof Error && error.name === "UnsupportedError") return this.#end(BROWSER_UNSUPPORTED);
    console.warn("could not join", error);
    const { problem, final } = diagnosisOf(error);
    if (final) return this.#end(problem);
    this.state.update({ problem });
    this.#socket.reconnect("could not join");
  }

  /** The connection does what it should; `admitted` is what is waited for. */
  #wait(): void {
    this.#socket.healthy();
    this.state.update({ status: "waiting", problem: null });
  }

  /** Say why there is no connection, and end if trying again is useless. `error`: the door's, if that is closed. */
  async #connectFailed(error: unknown): Promise<void> {
    if (!error) this.#door.missed();
    // The browser doesn't tell why a websocket was refused: ask.
    const { problem, status, final } =
      this.#address && !error ? await diagnose(this.#address) : diagnosisOf(error);
    // Meanwhile another attempt may have got through.
    if (this.#connected || this.#socket.closed) return;
    const worthAnotherPass = status === 401 && !error && this.#door.refused();
    if (final && !worthAnotherPass) this.#end(problem);
    else this.state.update({ problem });
  }

  /** The connection is gone, and with it this stay in the room, unless the server said how to come back to it. */
  #fellOut({ reason }: Closing): void {
    this.#connected = false;
    const { status } = this.state.get();
    const problem = connectionLostProblem(reason);
    // Before the others are gone: it is not they who left.
    if (status === "joined") this.state.update({ status: "reconnecting", problem });
    else if (status === "waiting") this.state.update({ problem });
    clearTimeout(this.#closingTimer);
    this.#stay.hold();
  }

  #closed(closing: Closing | null): void {
    const { problem } = this.state.get();
    if (closing && isForGood(closing)) this.#end(closedForGoodProblem(closing.reason, this.#sentAwayBy));
    else this.#end(problem ?? SERVER_UNREACHABLE);
  }

  #notified(notification: ServerNotification): void {
    const { method, data } = notification;
    switch (method) {
      case "mediasoup-version":
        return this.state.update({ mediasoup: data.version });
      case "admitted":
        return this.#admitted();
      case "removed":
        this.#sentAwayBy = data.by?.name ?? null;
        return;
      case "move":
        this.#door.moveTo(data.url);
        this.#stay.move();
        return this.#socket.reconnect("moving");
      case "downlinkBwe":
        return this.state.update({ downlinkBitrate: data.availableBitrate });
      case "roomUpdated":
        return this.state.update(roomUpdated(this.state.get(), data));
      case "roomClosed":
        return this.#roomClosed(data);
    }
    this.#stay.handle(notification);
    this.meeting.handle(notification);
    this.moderation.handle(notification);
    if (method === "permissionsChanged") this.#publish();
  }

  #admitted(): void {
    if (this.state.get().status === "waiting") this.#stay.enterAgain();
  }

  /** The media is gone. The server closes the socket next, and its code says whether to come back. */
  #roomClosed({ reason, by }: { reason: string; by?: Actor | null }): void {
    this.#sentAwayBy = by?.name ?? null;
    this.state.update({ status: "reconnecting", problem: roomClosedProblem(reason) });
    this.#stay.end();
    this.#closingTimer = setTimeout(() => this.#socket.reconnect("the room was closed"), CLOSING_TIMEOUT);
  }

  #publishFailed(source: Source, error: unknown): void {
    // Your own buttons shall tell the truth.
    if (error instanceof CallError && error.status === 403) void this.media.turnOff(source);
    const what = source.replaceAll("_", " ");
    const message = `Your ${what} can't be sent to the others (${describe(error)}).`;
    this.state.update({ problem: { code: "publish_failed", message } });
  }

  #mediaWorks(works: boolean): void {
    const { problem } = this.state.get();
    if (!works) this.state.update({ problem: MEDIA_BLOCKED });
    else if (problem === MEDIA_BLOCKED) this.state.update({ problem: null });
  }

  #end(problem: Problem | null): void {
    if (this.state.get().status === "ended") return;
    this.state.update({ status: "ended", problem });
    this.#unwatchMedia();
    this.subscriptions.close();
    clearTimeout(this.#closingTimer);
    this.#stay.end();
    this.#socket.close();
  }
}
