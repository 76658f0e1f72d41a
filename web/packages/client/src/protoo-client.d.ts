/** The part of protoo-client that Connect uses; the package has no types of its own. */
declare module "protoo-client" {
  export interface Transport {
    readonly closed: boolean;
    // protoo listens to open, failed (attempt), disconnected, close and message (object).
    on(event: never, listener: never): unknown;
    send(message: unknown): Promise<void>;
    close(): void;
  }

  export class Peer {
    constructor(transport: Transport);
    on(
      event: "request",
      listener: (
        request: { method: string; data: unknown },
        accept: (data?: unknown) => void,
        reject: (code: number, reason: string) => void,
      ) => void,
    ): void;
    on(event: "notification", listener: (notification: { method: string; data: unknown }) => void): void;
    request(method: string, data?: unknown): Promise<unknown>;
    close(): void;
  }
}
