/** The network of this machine, as far as browsers tell of it. */

/** What some browsers have: `type` is missing where it would tell too much. */
interface NetworkInformation extends EventTarget {
  readonly type?: string;
}

/** Call `listener` when this machine has got a network, or another one. Returns the function that ends it. */
export function onNetworkChange(listener: () => void): () => void {
  const { connection } = navigator as { connection?: NetworkInformation };
  let type = connection?.type;
  // It also fires when the browser merely guesses another speed.
  const changed = () => {
    if (connection?.type === type) return;
    type = connection?.type;
    if (type !== "none") listener();
  };
  globalThis.addEventListener?.("online", listener);
  connection?.addEventListener?.("change", changed);
  return () => {
    globalThis.removeEventListener?.("online", listener);
    connection?.removeEventListener?.("change", changed);
  };
}
