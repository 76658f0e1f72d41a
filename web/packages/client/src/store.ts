/**
 * An immutable value that can be watched; its two functions are what React's `useSyncExternalStore` asks for.
 *
 * A listener's error is reported and never reaches the one who changes something, as with an `Emitter`.
 */
export class Store<T extends object> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  /** The current value: the same object until something changes. */
  readonly get = (): T => this.#value;

  /** Call `listener` after each change. Returns the function that ends it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Wait for a value of which `isIt` is true; the current one may be it. Rejects with what `isIt` throws. */
  until(isIt: (value: T) => boolean): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = () => {
        try {
          if (!isIt(this.#value)) return;
          resolve(this.#value);
        } catch (error) {
          reject(error);
        }
        end();
      };
      const end = this.subscribe(look);
      look();
    });
  }

  /** Replace some fields. Listeners hear of it only when one of them is really another value. */
  update(changes: Partial<T>): void {
    const names = Object.keys(changes) as (keyof T)[];
    if (names.every((name) => Object.is(changes[name], this.#value[name]))) return;
    this.#value = { ...this.#value, ...changes };
    for (const listener of [...this.#listeners]) {
      try {
        listener();
      } catch (error) {
        console.error("listener of a value failed", error);
      }
    }
  }
}
