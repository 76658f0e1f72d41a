/** One request to the REST API and its answer. Knows JSON and errors, but no resource and no account. */

import { ApiError } from "./errors.js";

/** How long an answer may take, in ms. */
const TIMEOUT = 15_000;

export type Method = "GET" | "POST" | "PATCH" | "DELETE";

export interface Ask {
  readonly method: Method;
  readonly path: string;
  /** Without those that are undefined. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  /** The bearer token, if there is one. It turns up in no message. */
  readonly token?: string | null;
}

/**
 * Ask and give the answer's JSON, `null` when it has no content.
 *
 * @throws {ApiError} the server refused; with status 0: it can't be reached
 */
export async function askJson(
  origin: string,
  { method, path, query = {}, body, token }: Ask,
): Promise<unknown> {
  const url = new URL(path, origin);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  const headers = new Headers({ Accept: "application/json" });
  if (token) headers.set("Authorization", `Bearer ${token}`);
  if (body !== undefined) headers.set("Content-Type", "application/json");
  const response = await send(url, {
    method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw await refusalOf(response);
  return response.status === 204 ? null : response.json().catch(() => unreadable(response));
}

async function send(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, {
      ...init,
      signal: AbortSignal.timeout(TIMEOUT),
      cache: "no-store",
      credentials: "omit",
    });
  } catch {
    const message = "The server can't be reached. Check your network connection.";
    throw new ApiError(0, message, { errorName: "unreachable" });
  }
}

/** What an answer that is no success says, also when it is a proxy's page and not our server's words. */
export async function refusalOf(response: Response): Promise<ApiError> {
  const retryAfter = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  const details = { retryAfter: Number.isNaN(retryAfter) ? null : retryAfter };
  try {
    const { error } = (await response.json()) as ErrorAnswer;
    return new ApiError(response.status, error.message, {
      ...details,
      errorName: error.name,
      fields: error.fields ?? {},
    });
  } catch {
    return new ApiError(response.status, response.statusText || String(response.status), details);
  }
}

/** The one shape that the server's errors have. */
interface ErrorAnswer {
  error: { name: string; message: string; fields?: Record<string, string[]> };
}

function unreadable(response: Response): never {
  throw new ApiError(502, `the answer to ${response.url} is no JSON`);
}
