/** Plays the others' voices, and knows when the browser doesn't allow it without a click. */

import { Store } from "@connect/client";

export class Playback {
  readonly state = new Store<{ readonly blocked: boolean }>({ blocked: false });
  readonly #elements = new Set<HTMLAudioElement>();

  /** Play `track` in `element`. Returns the function that ends it. */
  play(element: HTMLAudioElement, track: MediaStreamTrack): () => void {
    element.srcObject = new MediaStream([track]);
    this.#elements.add(element);
    void this.#start(element);
    return () => {
      this.#elements.delete(element);
      element.srcObject = null;
    };
  }

  /** Try again, from within a click. */
  unblock(): void {
    this.state.update({ blocked: false });
    for (const element of this.#elements) void this.#start(element);
  }

  async #start(element: HTMLAudioElement): Promise<void> {
    try {
      await element.play();
    } catch (error) {
      // AbortError: the track went away before it began, and there is nothing to hear.
      if (error instanceof DOMException && error.name === "NotAllowedError")
        this.state.update({ blocked: true });
    }
  }
}
