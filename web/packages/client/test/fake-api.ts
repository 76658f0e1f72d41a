/** A stand-in for the server's REST API and for what a browser keeps. */

import { vi } from "vitest";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  /** The bearer token. */
  readonly token: string | null;
}

type Answer = (asked: Asked) => unknown;

/** A refusal, to be thrown by an answer. */
export class ApiRefusal extends Error {
  constructor(
    readonly status: number,
    readonly errorName: string,
    readonly more: { fields?: Record<string, string[]>; retryAfter?: number } = {},
  ) {
    super(`no: ${errorName}`);
  }
}

/** Answers `fetch` by method and path, and keeps what it was asked. A path without an answer can't be reached. */
export class FakeApi {
  readonly asked: Asked[] = [];

  constructor(readonly answers: Record<string, Answer> = {}) {
    vi.stubGlobal("fetch", (url: URL, init: RequestInit) => this.#fetch(url, init));
  }

  paths(): string[] {
    return this.asked.map(({ method, path }) => `${method} ${path}`);
  }

  async #fetch(url: URL, { method = "GET", headers, body }: RequestInit): Promise<Response> {
    const token = new Headers(headers).get("Authorization")?.replace("Bearer ", "") ?? null;
    const asked = {
      method,
      path: url.pathname + url.search,
      body: body ? JSON.parse(String(body)) : null,
      token,
    };
    this.asked.push(asked);
    const answer = this.answers[`${method} ${url.pathname}`];
    if (!answer) throw new TypeError("nothing listens there");
    try {
      const value = await answer(asked);
      return value === undefined ? new Response(null, { status: 204 }) : Response.json(value);
    } catch (error) {
      if (!(error instanceof ApiRefusal)) throw error;
      return refuse(error);
    }
  }
}

function refuse({ status, errorName, message, more: { fields = {}, retryAfter } }: ApiRefusal): Response {
  const headers = retryAfter === undefined ? {} : { "Retry-After": String(retryAfter) };
  return Response.json({ error: { name: errorName, message, fields } }, { status, headers });
}

/** A browser's storage, which tells its tabs of changes: `tab` is where the others' news arrive. */
export class FakeStorage {
  readonly tab = new EventTarget();
  readonly #items = new Map<string, string>();

  /** Let the browser have this storage, empty. */
  static install(): FakeStorage {
    const storage = new FakeStorage();
    vi.stubGlobal("localStorage", storage);
    vi.stubGlobal("addEventListener", storage.tab.addEventListener.bind(storage.tab));
    return storage;
  }

  getItem = (key: string) => this.#items.get(key) ?? null;
  setItem = (key: string, value: string) => void this.#items.set(key, value);
  removeItem = (key: string) => void this.#items.delete(key);

  /** Another tab changes an item. */
  changeElsewhere(key: string, value: string | null): void {
    if (value === null) this.#items.delete(key);
    else this.#items.set(key, value);
    this.tab.dispatchEvent(Object.assign(new Event("storage"), { key }));
  }

  text(): string {
    return JSON.stringify([...this.#items]);
  }
}
