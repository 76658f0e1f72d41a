/** The address bar as state. */

import { useSyncExternalStore } from "react";

const CHANGED = "popstate";

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => location.pathname);
}

/** Go to another page of this interface, without loading it anew. */
export function navigate(path: string): void {
  history.pushState(null, "", path);
  scrollTo(0, 0);
  dispatchEvent(new PopStateEvent(CHANGED));
}

export function roomPath(roomId: string): string {
  return `/r/${encodeURIComponent(roomId)}`;
}

/** What to send to others. */
export function roomLink(roomId: string): string {
  return new URL(roomPath(roomId), location.origin).href;
}

const SIGN_PAGES = ["/signin", "/signup"];

/** The address of one of the pages to sign in or up on, from which one comes back here. */
export function comingBack(page: "/signin" | "/signup"): string {
  const next = nextPage();
  return next === "/" ? page : `${page}?${new URLSearchParams({ next })}`;
}

/** Where to go on to after signing in: here, or where the address says. Nowhere but on this server. */
export function nextPage(): string {
  if (!SIGN_PAGES.includes(location.pathname)) return location.pathname;
  const next = new URLSearchParams(location.search).get("next") ?? "/";
  const url = URL.canParse(next, location.origin) ? new URL(next, location.origin) : null;
  return url?.origin === location.origin ? url.pathname : "/";
}

function subscribe(listener: () => void): () => void {
  addEventListener(CHANGED, listener);
  return () => removeEventListener(CHANGED, listener);
}
