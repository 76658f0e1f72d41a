/** Typed requests, answers and notifications over the websocket. */

import { Peer, type Transport } from "protoo-client";

import { Emitter } from "./emitter.js";
import { CallError, ConnectionLostError, RequestTimeoutError } from "./errors.js";
import type { ReconnectingSocket, SocketEvents } from "./socket.js";
import type { Method, Requests, ServerNotification, ServerRequest } from "./wire.js";

/** How long the server may take for an answer, in ms: its own limit for the media process is 10 s. */
const ANSWER_TIMEOUT = 15_000;

export type SignalingEvents = {
  /** A request of the server: call exactly one of `accept` and `reject`. */
  request: [ServerRequest, accept: () => void, reject: (status: number, reason: string) => void];
  notification: [ServerNotification];
};

export class Signaling extends Emitter<SignalingEvents> {
  readonly #peer: Peer;
  /** Ends the waits of one connection: its answers never come over the next one. */
  #connection = new AbortController();

  constructor(socket: ReconnectingSocket) {
    super();
    this.#peer = new Peer(withErrorNames(socket));
    socket.on("disconnected", () => this.#lose());
    socket.on("close", () => this.#lose());
    this.#peer.on("request", (request, accept, reject) => {
      // Answers over another connection would be taken for those to its own questions.
      const { signal } = this.#connection;
      this.emit(
        "request",
        request as ServerRequest,
        () => signal.aborted || accept(),
        (status, reason) => signal.aborted || reject(status, reason),
      );
    });
    this.#peer.on("notification", (notification) =>
      this.emit("notification", notification as ServerNotification),
    );
  }

  /**
   * Ask the server and wait for its answer.
   *
   * @throws {CallError} it answered with an error
   * @throws {ConnectionLostError} the connection ended before
   * @throws {RequestTimeoutError} no answer in time
   */
  request<Name extends Method>(method: Name, data: Requests[Name]["data"]): Promise<Requests[Name]["answer"]> {
    const connection = this.#connection.signal;
    return new Promise((resolve, reject) => {
      const lost = () => settle(() => reject(new ConnectionLostError()));
      const timer = setTimeout(() => settle(() => reject(new RequestTimeoutError(method))), ANSWER_TIMEOUT);
      const settle = (outcome: () => void) => {
        clearTimeout(timer);
        connection.removeEventListener("abort", lost);
        outcome();
      };
      connection.addEventListener("abort", lost);
      this.#peer.request(method, data).then(
        (answer) => settle(() => resolve(answer as Requests[Name]["answer"])),
        (error: unknown) => settle(() => reject(asCallError(error))),
      );
    });
  }

  #lose(): void {
    this.#connection.abort();
    this.#connection = new AbortController();
  }
}

/** What protoo shall take for the code of a refusal, of which it passes on nothing else. */
interface RefusalCode {
  readonly status: number;
  readonly name: string;
}

/** `socket` as protoo sees it: with a refusal's name within its code, since protoo drops the name. */
function withErrorNames(socket: ReconnectingSocket): Transport {
  const named = (message: unknown): unknown => {
    const refusal = message as { response?: boolean; ok?: boolean; errorCode: number; errorName?: string };
    if (!refusal.response || refusal.ok) return message;
    const code: RefusalCode = { status: refusal.errorCode, name: refusal.errorName ?? "" };
    return { ...refusal, errorCode: code };
  };
  return {
    get closed() {
      return socket.closed;
    },
    on: (event: keyof SocketEvents, listener: (...args: unknown[]) => void) =>
      event === "message"
        ? socket.on(event, (message) => listener(named(message)))
        : socket.on(event, listener),
    send: (message) => socket.send(message),
    close: () => socket.close(),
  };
}

/** An error of protoo without our code means that the request never got out. */
function asCallError(error: unknown): Error {
  const { code } = error as { code?: RefusalCode };
  return typeof code === "object"
    ? new CallError(code.status, (error as Error).message, code.name)
    : new ConnectionLostError();
}
