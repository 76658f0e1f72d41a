/**
 * Errors raised by the client.
 *
 * - `CallError`: the server answered a request, or the attempt to connect, with an error
 * - `ConnectionLostError`: the socket went away before the answer; the client reconnects by itself
 * - `RequestTimeoutError`: no answer came in time
 */

/** `status` follows HTTP, `message` is the server's reason. */
export class CallError extends Error {
  override readonly name = "CallError";

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
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
