/** The address bar as state. */

import { useSyncExternalStore } from "react";

const CHANGED = "popstate";

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => location.pathname);
}

/** Go to another page of this interface, without loading it anew. */
export function navigate(path: string): void {
  history.pushState(null, "", path);
  dispatchEvent(new PopStateEvent(CHANGED));
}

export function roomPath(roomId: string): string {
  return `/r/${encodeURIComponent(roomId)}`;
}

function subscribe(listener: () => void): () => void {
  addEventListener(CHANGED, listener);
  return () => removeEventListener(CHANGED, listener);
}
