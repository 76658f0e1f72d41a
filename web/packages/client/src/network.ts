/** The network of this machine, as far as browsers tell of it. */

/** What some browsers have. `type` is missing where it would tell too much: on desktops. */
interface NetworkInformation extends EventTarget {
  readonly type?: string;
}

/** Call `listener` when this machine has got a network, or another one. Returns the function that ends it. */
export function onNetworkChange(listener: () => void): () => void {
  const connection = information();
  let type = connection?.type;
  const changed = () => {
    if (connection?.type === type) return;
    type = connection?.type;
    if (type !== "none") listener();
  };
  return listen([globalThis, "online", listener], [connection, "change", changed]);
}

/**
 * Call `listener` when the network may be another one. Returns the function that ends it.
 *
 * That happens more often than it is so: browsers also tell when they merely guess another speed.
 */
export function onNetworkHint(listener: () => void): () => void {
  const changed = () => {
    if (globalThis.navigator?.onLine !== false) listener();
  };
  return listen([globalThis, "online", changed], [information(), "change", changed]);
}

function information(): NetworkInformation | undefined {
  return (globalThis.navigator as { connection?: NetworkInformation } | undefined)?.connection;
}

type Wire = [target: Partial<EventTarget> | undefined, event: string, listener: () => void];

function listen(...wires: Wire[]): () => void {
  for (const [target, event, listener] of wires) target?.addEventListener?.(event, listener);
  return () => {
    for (const [target, event, listener] of wires) target?.removeEventListener?.(event, listener);
  };
}
