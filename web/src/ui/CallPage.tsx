/** The call itself: everyone, what is shown, and the toolbar. */

import type { Call, CallState } from "@connect/client";
import { useState } from "react";

import { Announcements } from "./Announcements";
import { useAttempts } from "./attempts";
import { Banner } from "./Banner";
import { ChatPanel, useUnread } from "./Chat";
import { useComposition } from "./composition";
import { OpenDetails } from "./details-context";
import { DetailsPanel } from "./Details";
import { HelpDialog } from "./HelpDialog";
import { useStore, useTitle } from "./hooks";
import { PeopleIcon } from "./icons";
import { LobbyList } from "./LobbyList";
import { Audio } from "./media";
import type { PanelName } from "./Panel";
import { peopleIn } from "./people";
import { PeoplePanel } from "./PeoplePanel";
import { Playback } from "./playback";
import { useReactions } from "./Reactions";
import { rememberedView, rememberView } from "./remember";
import { SettingsDialog } from "./SettingsDialog";
import { useShortcuts } from "./shortcuts";
import { Stage } from "./Stage";
import type { View } from "./stage-items";
import { STRINGS } from "./strings";
import { toggleCamera, toggleMicrophone } from "./toggles";
import { Toolbar, type DialogName } from "./Toolbar";
import { WaitingPage } from "./WaitingPage";

export function CallPage({ call }: { call: Call }) {
  const state = useStore(call.state);
  useTitle(state.roomName);
  return state.status === "waiting" ? (
    <WaitingPage call={call} state={state} />
  ) : (
    <InCall call={call} state={state} />
  );
}

function InCall({ call, state }: { call: Call; state: CallState }) {
  const local = useStore(call.media.state);
  const [playback] = useState(() => new Playback());
  const [panel, setPanel] = useState<PanelName | null>(null);
  const toggle = (name: PanelName) => setPanel(panel === name ? null : name);
  const close = () => setPanel(null);
  const [about, setAbout] = useState<string | null>(null);
  const openDetails = (personId: string) => {
    setAbout(personId);
    setPanel("details");
  };
  const [dialog, setDialog] = useState<DialogName | null>(null);
  const closeDialog = () => setDialog(null);
  const view = useView();
  const unread = useUnread(call, panel === "chat");
  const reactions = useReactions(call);
  const attempts = useAttempts(state.status);
  const composition = useComposition(call, state.status);
  const raised = state.hands.some(({ peerId }) => peerId === state.peerId);
  const toggleHand = () =>
    void attempts.attempt(() => (raised ? call.meeting.lowerHand() : call.meeting.raiseHand()));
  useShortcuts({
    microphone: () => toggleMicrophone(call.media),
    camera: () => toggleCamera(call.media),
    hand: toggleHand,
    chat: () => toggle("chat"),
    people: () => toggle("people"),
    view: view.toggle,
    help: () => setDialog("help"),
  });
  const people = peopleIn(state, local);

  return (
    <OpenDetails value={openDetails}>
      <main className={panel ? "call with-panel" : "call"} data-status={state.status}>
        <header className="call-header">
          <h1>{state.roomName}</h1>
          <p className="count">
            <PeopleIcon />
            <span aria-hidden="true">{people.length}</span>
            <span className="visually-hidden">{STRINGS.call.count(people.length)}</span>
          </p>
        </header>
        <Banner call={call} state={state} local={local} playback={playback} />
        <LobbyList call={call} lobby={state.lobby} />
        <Stage {...{ call, state, people, reactions, attempts }} view={view.shown} />
        {alone(state) && <p className="alone">{STRINGS.call.alone}</p>}
        {panel === "chat" && <ChatPanel state={state} composition={composition} onClose={close} />}
        {panel === "people" && <PeoplePanel call={call} state={state} people={people} onClose={close} />}
        {panel === "details" && (
          <DetailsPanel {...{ call, state, people, about }} onChoose={setAbout} onClose={close} />
        )}
        <Toolbar
          call={call}
          local={local}
          permissions={state.permissions}
          attempts={attempts}
          hand={{ raised, toggle: toggleHand }}
          panels={{ open: panel, toggle, unread }}
          view={view}
          onDialog={setDialog}
        />
        {dialog === "settings" && <SettingsDialog call={call} playback={playback} onClose={closeDialog} />}
        {dialog === "help" && <HelpDialog onClose={closeDialog} />}
        <Announcements call={call} chatOpen={panel === "chat"} />
        {voicesIn(state).map(({ consumerId, track }) => (
          <Audio key={consumerId} track={track} playback={playback} />
        ))}
      </main>
    </OpenDetails>
  );
}

/** Grid or speaker view, as the last time. */
function useView(): { shown: View; toggle: () => void } {
  const [shown, setShown] = useState<View>(rememberedView);
  const toggle = () => {
    const next = shown === "grid" ? "speaker" : "grid";
    rememberView(next);
    setShown(next);
  };
  return { shown, toggle };
}

function voicesIn({ peers }: CallState) {
  return peers.flatMap(({ media }) => media.filter(({ kind }) => kind === "audio"));
}

function alone({ status, peers }: CallState): boolean {
  return status === "joined" && peers.length === 0;
}
