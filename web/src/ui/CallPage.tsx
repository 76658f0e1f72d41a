/** The call itself: everyone, what is shown, and the toolbar. */

import type { Call, CallState } from "@connect/client";
import { useState } from "react";

import { Announcements } from "./Announcements";
import { useAttempts } from "./attempts";
import { Banner } from "./Banner";
import { ChatPanel, useUnread } from "./Chat";
import { Grid } from "./Grid";
import { useShortcuts, useStore, useTitle } from "./hooks";
import { PeopleIcon } from "./icons";
import { LobbyList } from "./LobbyList";
import { Audio } from "./media";
import type { PanelName } from "./Panel";
import { peopleIn } from "./people";
import { PeoplePanel } from "./PeoplePanel";
import { Playback } from "./playback";
import { useReactions } from "./Reactions";
import { ScreenTile, Tile } from "./Tile";
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
  const [panel, setPanel] = useState<PanelName | null>(null);
  const toggle = (name: PanelName) => setPanel(panel === name ? null : name);
  const close = () => setPanel(null);
  const unread = useUnread(call, panel === "chat");
  const reactions = useReactions(call);
  const attempts = useAttempts();
  const raised = state.hands.some(({ peerId }) => peerId === state.peerId);
  const toggleHand = () =>
    void attempts.attempt(() => (raised ? call.meeting.lowerHand() : call.meeting.raiseHand()));
  useShortcuts({
    c: () => toggle("chat"),
    p: () => toggle("people"),
    h: toggleHand,
    m: () => void call.media.setMicrophone(!local.microphone.on),
    v: () => void call.media.setCamera(!local.camera.on),
  });
  const people = peopleIn(state, local);
  const screens = people.flatMap((person) => (person.screen ? [{ person, screen: person.screen }] : []));

  return (
    <main className={panel ? "call with-panel" : "call"} data-status={state.status}>
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
              <ScreenTile key={person.id} person={person} screen={screen} subscriptions={call.subscriptions} />
            ))}
          </Grid>
        )}
        <Grid count={people.length} label="People">
          {people.map((person) => (
            <Tile
              key={person.id}
              person={person}
              subscriptions={call.subscriptions}
              reactions={reactions.filter(({ peerId }) => peerId === person.id)}
            />
          ))}
        </Grid>
      </div>
      {alone(state) && (
        <p className="alone">Nobody else is here yet. Copy the link below and send it to them.</p>
      )}
      {panel === "chat" && <ChatPanel call={call} state={state} onClose={close} />}
      {panel === "people" && <PeoplePanel call={call} state={state} people={people} onClose={close} />}
      <Toolbar
        call={call}
        local={local}
        permissions={state.permissions}
        attempts={attempts}
        hand={{ raised, toggle: toggleHand }}
        panels={{ open: panel, toggle, unread }}
      />
      <Announcements call={call} chatOpen={panel === "chat"} />
      {voicesIn(state).map(({ consumerId, track }) => (
        <Audio key={consumerId} track={track} playback={playback} />
      ))}
    </main>
  );
}

function voicesIn({ peers }: CallState) {
  return peers.flatMap(({ media }) => media.filter(({ kind }) => kind === "audio"));
}

function alone({ status, peers }: CallState): boolean {
  return status === "joined" && peers.length === 0;
}
