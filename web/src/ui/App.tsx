/** Which page an address shows. */

import { BROWSER_UNSUPPORTED, canCall, roomNameProblem } from "../client";
import { Landing } from "./Landing";
import { Message } from "./Message";
import { RoomPage } from "./RoomPage";
import { usePath } from "./navigation";

export function App() {
  const path = usePath();
  if (!canCall()) return <Message title="This browser won't do" problem={BROWSER_UNSUPPORTED} />;
  const roomId = roomOf(path);
  if (roomId === null || roomNameProblem(roomId)) return <Landing asked={roomId} />;
  return <RoomPage key={roomId} roomId={roomId} />;
}

/** The room that `/r/<room>` names. */
function roomOf(path: string): string | null {
  const encoded = /^\/r\/([^/]+)\/?$/.exec(path)?.[1];
  if (encoded === undefined) return null;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded; // A stray "%": no valid name, which the landing page explains.
  }
}
