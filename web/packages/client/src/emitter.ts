/** A typed list of listeners for each event. */

type Listener<Args extends unknown[]> = (...args: Args) => void;

/**
 * `Events` maps an event's name to the arguments that its listeners get.
 *
 * A listener's error is reported and never reaches the one who emits, as one broken listener must not break the call.
 */
export class Emitter<Events extends Record<keyof Events, unknown[]>> {
  readonly #listeners = new Map<keyof Events, Set<Listener<never>>>();

  /** Call `listener` for each `event` from now on. Returns the function that ends it. */
  on<Name extends keyof Events>(event: Name, listener: Listener<Events[Name]>): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    listeners.add(listener as Listener<never>);
    return () => void listeners.delete(listener as Listener<never>);
  }

  emit<Name extends keyof Events>(event: Name, ...args: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) {
      try {
        (listener as Listener<Events[Name]>)(...args);
      } catch (error) {
        console.error(`listener of "${String(event)}" failed`, error);
      }
    }
  }
}
