/** The message that is being written: it outlives the panel in which it is. */

import { CallError, ConnectionLostError, Store, type Call, type CallStatus } from "@connect/client";
import { useEffect, useState } from "react";

interface CompositionState {
  /** What was typed, and not sent yet. */
  readonly text: string;
  /** Why the last one did not get through; null when it did. */
  readonly error: unknown;
}

export class Composition {
  readonly state = new Store<CompositionState>({ text: "", error: null });
  /** Those on their way, one after another; the first one is with the server. */
  #sent: string[] = [];

  constructor(private readonly say: (text: string) => Promise<void>) {}

  write(text: string): void {
    this.state.update({ text });
  }

  /** Send what was typed, after those before it. */
  send(): void {
    const words = this.state.get().text.trim();
    if (!words) return;
    this.state.update({ text: "", error: null });
    if (this.#sent.push(words) === 1) void this.#sendAll();
  }

  /** The connection is back: nobody needs to hear any more that it was lost. */
  reconnected(): void {
    if (this.state.get().error instanceof ConnectionLostError) this.state.update({ error: null });
  }

  async #sendAll(): Promise<void> {
    try {
      for (let words = this.#sent[0]; words !== undefined; words = this.#sent[0]) {
        await this.say(words);
        this.#sent.shift();
      }
    } catch (error) {
      if (!(error instanceof CallError)) console.error(error);
      this.#takeBack(error);
    }
  }

  /** What did not get through, and what waited behind it, is there to be sent again. */
  #takeBack(error: unknown): void {
    const texts = [...this.#sent.splice(0), this.state.get().text];
    this.state.update({ text: texts.filter(Boolean).join(" "), error });
  }
}

export function useComposition({ meeting }: Call, status: CallStatus): Composition {
  const [composition] = useState(() => new Composition((text) => meeting.say(text)));
  useEffect(() => {
    if (status === "joined") composition.reconnected();
  }, [composition, status]);
  return composition;
}
