/** Stand-ins at the two borders of the client: the websocket with the server behind it, and the browser's media. */

import { FakeMediaStreamTrack } from "fake-mediastreamtrack";
import { Device, FakeHandler, testFakeParameters, type types } from "mediasoup-client";
import { vi } from "vitest";

import type { SocketOptions } from "../src/socket";

/** Waits as short as they get, so that tests need no clock of their own. */
export const QUICK: SocketOptions = {
  connectTimeout: 500,
  firstDelay: 2,
  longestDelay: 10,
  giveUpAfter: 1_000,
};

/** A websocket whose other end is in the hands of the test. */
export class FakeWebSocket {
  static readonly OPEN = 1;
  static made: FakeWebSocket[] = [];
  static onMade: (socket: FakeWebSocket) => void = () => undefined;

  /** Let `WebSocket` be this class, and call `onMade` for each one that is made. */
  static install(onMade: (socket: FakeWebSocket) => void = () => undefined): void {
    FakeWebSocket.made = [];
    FakeWebSocket.onMade = onMade;
    vi.stubGlobal("WebSocket", FakeWebSocket);
  }

  readyState = 0;
  /** The code with which the client closed it. */
  closedWith: number | undefined;
  sent: Message[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onSent: (message: Message) => void = () => undefined;

  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {
    FakeWebSocket.made.push(this);
    FakeWebSocket.onMade(this);
  }

  send(data: string): void {
    const message = JSON.parse(data) as Message;
    this.sent.push(message);
    this.onSent(message);
  }

  close(code?: number): void {
    this.readyState = 3;
    this.closedWith = code;
  }

  accept(): void {
    this.readyState = FakeWebSocket.OPEN;
    this.onopen?.();
  }

  end(code: number, reason = ""): void {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }

  receive(message: Message): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

export interface Message {
  request?: boolean;
  response?: boolean;
  notification?: boolean;
  id?: number;
  method?: string;
  ok?: boolean;
  data?: unknown;
  errorCode?: number;
  errorReason?: string;
  errorName?: string;
}

type Answer = (data: Record<string, unknown>) => unknown;

/** A refusal, to be thrown by an answer. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly errorName = "",
  ) {
    super(message);
  }
}

/** Answers as the server does, and keeps what it was asked. */
export class FakeServer {
  readonly requests: { method: string; data: Record<string, unknown> }[] = [];
  readonly responses: Message[] = [];
  socket: FakeWebSocket | null = null;
  /** What the next sockets get: accepted when null, closed with this code otherwise. */
  refuse: number | null = null;
  #serial = 0;

  readonly answers: Record<string, Answer> = {
    getRouterRtpCapabilities: () => testFakeParameters.generateRouterRtpCapabilities(),
    createWebRtcTransport: () => testFakeParameters.generateTransportRemoteParameters(),
    join: () => ({ peers: [] }),
    produce: () => ({ id: `producer-${++this.#serial}` }),
  };

  constructor() {
    FakeWebSocket.install((socket) => {
      const { refuse } = this;
      queueMicrotask(() => (refuse === null ? this.#accept(socket) : socket.end(refuse)));
    });
  }

  notify(method: string, data: unknown): void {
    this.socket?.receive({ notification: true, method, data });
  }

  /** Send a request to the client; its answer turns up in `responses`. */
  ask(method: string, data: unknown): number {
    const id = ++this.#serial;
    this.socket?.receive({ request: true, id, method, data });
    return id;
  }

  asked(method: string): Record<string, unknown>[] {
    return this.requests.filter((request) => request.method === method).map(({ data }) => data);
  }

  #accept(socket: FakeWebSocket): void {
    this.socket = socket;
    socket.onSent = (message) => this.#received(socket, message);
    socket.accept();
  }

  #received(socket: FakeWebSocket, { request, id, method = "", data = {} }: Message): void {
    if (!request) return void this.responses.push(socket.sent.at(-1) ?? {});
    this.requests.push({ method, data: data as Record<string, unknown> });
    const answer = { response: true, id: id ?? 0 };
    try {
      const result = this.answers[method]?.(data as Record<string, unknown>) ?? {};
      setTimeout(() => socket.receive({ ...answer, ok: true, data: result }));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { status: errorCode, message: errorReason, errorName } = error;
      setTimeout(() => socket.receive({ ...answer, ok: false, errorCode, errorReason, errorName }));
    }
  }
}

/** mediasoup-client's own stand-in for a browser. */
export async function createDevice(): Promise<Device> {
  return new Device({ handlerFactory: FakeHandler.createFactory(testFakeParameters) });
}

/** The pretended browser behind a transport, with which a test makes its connection come and go. */
export function fakeHandlerOf(transport: types.Transport): FakeHandler {
  return transport.handler as unknown as FakeHandler;
}

export function fakeTrack(kind: "audio" | "video"): MediaStreamTrack {
  return new FakeMediaStreamTrack({ kind }) as unknown as MediaStreamTrack;
}

/** An offer as the server makes it in `newConsumer`. */
export function offer(peerId: string, kind: "audio" | "video", appData: Record<string, unknown> = {}) {
  const codecMimeType = kind === "audio" ? "audio/opus" : "video/VP8";
  const consumer = testFakeParameters.generateConsumerRemoteParameters({ codecMimeType });
  const { id = "", producerId = "", rtpParameters } = consumer;
  if (!rtpParameters) throw new Error("no parameters");
  return { peerId, producerId, id, kind, rtpParameters, type: "simple", appData, producerPaused: false };
}

class FakeMediaStream {
  constructor(private readonly tracks: MediaStreamTrack[] = []) {}

  getTracks = () => this.tracks;
  getAudioTracks = () => this.tracks.filter(({ kind }) => kind === "audio");
  getVideoTracks = () => this.tracks.filter(({ kind }) => kind === "video");
}

/** The browser's `navigator.mediaDevices`; a test makes a device fail by setting `failures`. */
export class FakeMediaDevices extends EventTarget {
  readonly failures: { audio?: string; video?: string; screen?: string } = {};
  readonly asked: MediaStreamConstraints[] = [];
  readonly opened: MediaStreamTrack[] = [];
  /** The ids of those that were there once. */
  readonly gone = new Set<string>();

  /** Let the browser have these devices. */
  static install(): FakeMediaDevices {
    const devices = new FakeMediaDevices();
    vi.stubGlobal("MediaStream", FakeMediaStream);
    vi.stubGlobal("navigator", { mediaDevices: devices, userAgent: "Firefox/140.0" });
    return devices;
  }

  getUserMedia = async (constraints: MediaStreamConstraints) => {
    this.asked.push(constraints);
    const { audio, video } = this.failures;
    if (constraints.audio && audio) throw new DOMException("", audio);
    if (constraints.video && video) throw new DOMException("", video);
    if (this.#isGone(constraints.audio) || this.#isGone(constraints.video)) {
      throw new DOMException("", "OverconstrainedError");
    }
    return this.#stream(constraints);
  };

  getDisplayMedia = async (constraints: MediaStreamConstraints) => {
    if (this.failures.screen) throw new DOMException("", this.failures.screen);
    return this.#stream(constraints);
  };

  enumerateDevices = async () => [
    { kind: "audioinput", deviceId: "mic-1", label: "Microphone" },
    { kind: "videoinput", deviceId: "cam-1", label: "Camera" },
    { kind: "audiooutput", deviceId: "out-1", label: "Speaker" },
  ];

  #isGone(wanted: MediaStreamConstraints["audio"]): boolean {
    const deviceId = typeof wanted === "object" && (wanted.deviceId as ConstrainDOMStringParameters | undefined);
    return deviceId && typeof deviceId.exact === "string" ? this.gone.has(deviceId.exact) : false;
  }

  #stream({ audio, video }: MediaStreamConstraints): FakeMediaStream {
    const tracks = [...(audio ? [fakeTrack("audio")] : []), ...(video ? [fakeTrack("video")] : [])];
    this.opened.push(...tracks);
    return new FakeMediaStream(tracks);
  }
}

/** The device goes away, or the person ends the share: not what `track.stop()` does. */
export function unplug(track: MediaStreamTrack | null): void {
  (track as unknown as FakeMediaStreamTrack).remoteStop();
}
