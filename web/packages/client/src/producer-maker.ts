/**
 * Makes producers, for each of which the server is asked.
 *
 * What mediasoup-client could not produce it takes back without waiting for that, and meanwhile negotiates what is
 * next: the browser then refuses all that follows. So it never hears of a failure. What was asked when the connection
 * was lost is asked again over the next one; what the server refused is made all the same, and closed in its turn.
 */

import type { types } from "mediasoup-client";

import { ConnectionLostError } from "./errors.js";
import type { Signaling } from "./signaling.js";
import type { Requests } from "./wire.js";

type Question = Requests["produce"]["data"];

export class ProducerMaker {
  /** Why there are no such producers in the server, by the ids that they have here. */
  readonly #refusals = new Map<string, unknown>();
  #refused = 0;
  /** Whether there is no connection to the server. */
  #held = false;
  #goOn!: () => void;
  /** Comes true with the next connection. */
  #next = this.#anotherConnection();

  constructor(
    private readonly transport: types.Transport,
    private readonly signaling: Signaling,
  ) {
    transport.on("produce", async ({ kind, rtpParameters, appData }, done) => {
      done({ id: await this.#ask({ transportId: transport.id, kind, rtpParameters, appData }) });
    });
  }

  get closed(): boolean {
    return this.transport.closed;
  }

  /**
   * Make a producer. A lost connection takes its time, and is no error.
   *
   * @throws {CallError} the server refused
   * @throws {RequestTimeoutError} it did not answer in time
   * @throws {Error} the browser refused, or the transport was closed meanwhile
   */
  async produce(options: types.ProducerOptions): Promise<types.Producer> {
    const producer = await this.transport.produce(options);
    if (!this.#refusals.has(producer.id)) return producer;
    const refusal = this.#refusals.get(producer.id);
    this.#refusals.delete(producer.id);
    producer.close();
    throw refusal;
  }

  /** The connection to the server is lost: what is to be asked waits for the next one. */
  hold(): void {
    this.#held = true;
  }

  /** The server has closed what it made without our knowing: nothing is made twice. */
  resume(): void {
    this.#held = false;
    this.#goOn();
    this.#next = this.#anotherConnection();
  }

  /** Give the id of the producer in the server; where that refuses, one that stands for the refusal. */
  async #ask(question: Question): Promise<string> {
    if (this.#held) await this.#next;
    const next = this.#next;
    try {
      return (await this.signaling.request("produce", question)).id;
    } catch (error) {
      if (!(error instanceof ConnectionLostError)) return this.#note(error);
    }
    await next;
    return this.#ask(question);
  }

  #note(refusal: unknown): string {
    const id = `refused-${++this.#refused}`;
    this.#refusals.set(id, refusal);
    return id;
  }

  #anotherConnection(): Promise<void> {
    return new Promise((resolve) => (this.#goOn = resolve));
  }
}
