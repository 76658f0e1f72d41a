/** Data channels to the others: for what is too much, or too fast, for the websocket. */

import type { types } from "mediasoup-client";

import { ConnectionLostError } from "./errors.js";
import type { Signaling } from "./signaling.js";

export interface ChannelOptions {
  /** The peers that get what is sent; everyone by default. */
  readonly to?: readonly string[];
  /** Whether what is lost may stay lost, as something newer follows. Reliable and in order by default. */
  readonly lossy?: boolean;
  /** What the messages are, for programs. */
  readonly protocol?: string;
}

/** One's own end of a data channel. It is gone with the connection (`closed`): open another one then. */
export type DataChannel = Pick<types.DataProducer, "label" | "closed" | "send" | "bufferedAmount">;

/** The receivers of a channel, within what mediasoup-client passes on. */
type Receivers = { to?: readonly string[] };

/**
 * Open a channel; `label` is for those who receive it.
 *
 * @throws {CallError} the server refused
 * @throws {ConnectionLostError} the connection ended meanwhile
 */
export async function openChannel(
  transport: types.Transport,
  label: string,
  { to, lossy = false, protocol = "" }: ChannelOptions,
): Promise<DataChannel> {
  // The server's worker takes 0 for no limit.
  const reliability = lossy ? { ordered: false, maxRetransmits: 1 } : { ordered: true };
  const channel = await transport.produceData({ label, protocol, ...reliability, appData: { ...(to && { to }) } });
  if (channel.readyState === "open") return channel;
  await new Promise<void>((resolve, reject) => {
    channel.on("open", resolve);
    for (const event of ["close", "transportclose"] as const) {
      channel.on(event, () => reject(new ConnectionLostError()));
    }
  });
  return channel;
}

/** Let the transport tell its counterpart in the server of new channels. */
export function signalChannels(transport: types.Transport, signaling: Signaling): void {
  transport.on("producedata", ({ sctpStreamParameters, label, protocol = "", appData }, done, failed) => {
    const { to, ...rest } = appData as Receivers & types.AppData;
    const channel = { transportId: transport.id, sctpStreamParameters, label: label ?? "", protocol, appData: rest };
    signaling.request("produceData", { ...channel, ...(to && { to }) }).then(done, failed);
  });
}
