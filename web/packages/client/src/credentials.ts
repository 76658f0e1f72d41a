/** Who is signed in, kept by the browser and shared by its tabs. */

import { Store } from "./store.js";

export interface User {
  readonly id: string;
  readonly email: string;
  readonly displayName: string;
  readonly isAdmin: boolean;
}

export interface Credentials {
  readonly accessToken: string;
  /** When to have another access token, in ms since 1970 by this browser's clock. */
  readonly renewAt: number;
  /** Good for one use, which gives the next one. */
  readonly refreshToken: string;
  readonly user: User;
}

const KEY = "connect.account";

/** Keeps the credentials in `localStorage`; where that is blocked, as long as the page lives. */
export class CredentialStore {
  readonly state: Store<{ readonly credentials: Credentials | null }>;

  constructor() {
    this.state = new Store<{ readonly credentials: Credentials | null }>({ credentials: stored() ?? null });
    // Another tab signed in or out, or has new tokens. A key of null: everything was cleared.
    globalThis.addEventListener?.("storage", ({ key }: StorageEvent) => {
      if (key === KEY || key === null) this.reload();
    });
  }

  get current(): Credentials | null {
    return this.state.get().credentials;
  }

  /** Look what is stored now: the news of another tab may still be on its way. */
  reload(): Credentials | null {
    const found = stored();
    if (found !== undefined && JSON.stringify(found) !== JSON.stringify(this.current)) {
      this.state.update({ credentials: found });
    }
    return this.current;
  }

  set(credentials: Credentials | null): void {
    try {
      if (credentials) localStorage.setItem(KEY, JSON.stringify(credentials));
      else localStorage.removeItem(KEY);
    } catch {
      // Storage is blocked or full: one signs in again on the next page.
    }
    this.state.update({ credentials });
  }
}

/** What the browser keeps: null for nobody, undefined if it keeps nothing for this page. */
function stored(): Credentials | null | undefined {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "null") as Credentials | null;
    // What another release left may look otherwise.
    return found?.accessToken && found.refreshToken && found.user?.id ? found : null;
  } catch {
    return undefined;
  }
}
