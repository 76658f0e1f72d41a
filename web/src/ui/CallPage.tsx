/** The call itself: everyone, what is shown, and the toolbar. */

import { mediaFor, type Call, type CallState, type LocalState } from "@connect/client";
import { useState } from "react";

import { Banner } from "./Banner";
import { Grid } from "./Grid";
import { useShortcuts, useStore, useTitle } from "./hooks";
import { PeopleIcon } from "./icons";
import { LobbyList } from "./LobbyList";
import { Audio } from "./media";
import { Playback } from "./playback";
import { ScreenTile, Tile, type Person } from "./Tile";
import { Toolbar } from "./Toolbar";
import { WaitingPage } from "./WaitingPage";

export function CallPage({ call }: { call: Call }) {
  const state = useStore(call.state);
  useTitle(state.roomName);
  return state.status === "waiting" ? (
    <WaitingPage call={call} state={state} />
  ) : (
    <Stage call={call} state={state} />
  );
}

function Stage({ call, state }: { call: Call; state: CallState }) {
  const local = useStore(call.media.state);
  const [playback] = useState(() => new Playback());
  useShortcuts({
    m: () => void call.media.setMicrophone(!local.microphone.on),
    v: () => void call.media.setCamera(!local.camera.on),
  });
  const people = peopleIn(state, local);
  const screens = people.flatMap((person) => (person.screen ? [{ person, screen: person.screen }] : []));

  return (
    <main className="call" data-status={state.status}>
      <header className="call-header">
        <h1>{state.roomName}</h1>
        <p className="count" aria-label={`${people.length} in the call`}>
          <PeopleIcon /> {people.length}
        </p>
      </header>
      <Banner call={call} state={state} local={local} playback={playback} />
      <LobbyList call={call} lobby={state.lobby} />
      <div className={screens.length > 0 ? "stage with-screens" : "stage"}>
        {screens.length > 0 && (
          <Grid count={screens.length} label="Screens">
            {screens.map(({ person, screen }) => (
              <ScreenTile key={person.id} person={person} screen={screen} />
            ))}
          </Grid>
        )}
        <Grid count={people.length} label="People">
          {people.map((person) => (
            <Tile key={person.id} person={person} />
          ))}
        </Grid>
      </div>
      {alone(state) && (
        <p className="alone">Nobody else is here yet. Copy the link below and send it to them.</p>
      )}
      <Toolbar call={call} local={local} permissions={state.permissions} />
      {voicesIn(state).map(({ consumerId, track }) => (
        <Audio key={consumerId} track={track} playback={playback} />
      ))}
    </main>
  );
}

function peopleIn(state: CallState, local: LocalState): Person[] {
  const others = state.peers.map((peer): Person => {
    const camera = mediaFor(peer, "camera");
    const microphone = mediaFor(peer, "microphone");
    return {
      id: peer.id,
      name: peer.displayName,
      self: false,
      camera: camera && !camera.paused ? camera.track : null,
      muted: !microphone || microphone.paused,
      screen: mediaFor(peer, "screen_share")?.track ?? null,
      speaking: state.activeSpeaker === peer.id && microphone?.paused === false,
    };
  });
  const you: Person = {
    id: state.peerId,
    name: state.displayName,
    self: true,
    camera: local.camera.track,
    muted: !local.microphone.on,
    screen: local.screen.track,
    speaking: state.activeSpeaker === state.peerId && local.microphone.on,
  };
  return [you, ...others];
}

function voicesIn({ peers }: CallState) {
  return peers.flatMap(({ media }) => media.filter(({ kind }) => kind === "audio"));
}

function alone({ status, peers }: CallState): boolean {
  return status === "joined" && peers.length === 0;
}
