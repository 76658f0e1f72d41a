/**
 * Errors raised by the client.
 *
 * - `CallError`: the server answered a request, or the attempt to connect, with an error
 *   - `ApiError`: it did so over HTTP, or could not be reached at all (status 0)
 * - `ConnectionLostError`: the socket went away before the answer; the client reconnects by itself
 * - `RequestTimeoutError`: no answer came in time
 */

/** `status` follows HTTP, `message` is the server's reason, `errorName` its stable name for it ("" if it gave none). */
export class CallError extends Error {
  override readonly name: string = "CallError";

  constructor(
    readonly status: number,
    message: string,
    readonly errorName = "",
  ) {
    super(message);
  }
}

export interface ApiErrorDetails {
  readonly errorName?: string;
  /** What is wrong with each field of the body, by its dotted path. */
  readonly fields?: Readonly<Record<string, readonly string[]>>;
  /** When trying again makes sense, in seconds from now. */
  readonly retryAfter?: number | null;
}

export class ApiError extends CallError {
  override readonly name: string = "ApiError";
  readonly fields: Readonly<Record<string, readonly string[]>>;
  readonly retryAfter: number | null;

  constructor(
    status: number,
    message: string,
    { errorName, fields = {}, retryAfter = null }: ApiErrorDetails = {},
  ) {
    super(status, message, errorName);
    this.fields = fields;
    this.retryAfter = retryAfter;
  }
}

export class ConnectionLostError extends Error {
  override readonly name = "ConnectionLostError";

  constructor() {
    super("the connection to the server was lost");
  }
}

export class RequestTimeoutError extends Error {
  override readonly name = "RequestTimeoutError";

  constructor(method: string) {
    super(`the server did not answer "${method}" in time`);
  }
}
