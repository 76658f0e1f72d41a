/** Which page an address shows. */

import { BROWSER_UNSUPPORTED, canCall, roomNameProblem } from "@connect/client";

import { AccountPage } from "./AccountPage";
import { InvitePage } from "./InvitePage";
import { Landing } from "./Landing";
import { Message } from "./Message";
import { usePath } from "./navigation";
import { RoomPage } from "./RoomPage";
import { RoomsPage } from "./RoomsPage";
import { useUser } from "./server";
import { SignIn } from "./SignIn";
import { SignUp } from "./SignUp";
import { STRINGS } from "./strings";

export function App() {
  const path = usePath();
  const user = useUser();
  if (!canCall()) return <Message title={STRINGS.unsupported} problem={BROWSER_UNSUPPORTED} />;
  switch (path) {
    case "/signin":
      return <SignIn />;
    case "/signup":
      return <SignUp />;
    case "/invite":
      return <InvitePage />;
    case "/rooms":
      return user ? <RoomsPage key={user.id} user={user} /> : <SignIn />;
    case "/account":
      return user ? <AccountPage key={user.id} user={user} /> : <SignIn />;
  }
  const roomId = roomOf(path);
  if (roomId !== null && !roomNameProblem(roomId)) return <RoomPage key={roomId} roomId={roomId} />;
  if (user && roomId === null) return <RoomsPage key={user.id} user={user} />;
  return <Landing asked={roomId} />;
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
