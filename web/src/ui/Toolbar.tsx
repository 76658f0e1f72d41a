/** What you can do in a call. */

import {
  canShareScreen,
  mayPublish,
  type Call,
  type LocalState,
  type Permissions,
  type Source,
} from "@connect/client";

import type { Attempts } from "./attempts";
import { CopyLink } from "./CopyLink";
import { ChatIcon, CloseIcon, HandIcon, LeaveIcon, PeopleIcon, ScreenIcon, ScreenOffIcon } from "./icons";
import type { PanelName } from "./Panel";
import { ReactionMenu } from "./Reactions";
import { STRINGS } from "./strings";
import { CameraSwitch, MicrophoneSwitch, Switch } from "./Switch";
import { wordsFor } from "./words";

interface ToolbarProps {
  call: Call;
  local: LocalState;
  /** What is not allowed is not offered. */
  permissions: Permissions;
  /** For raising the hand and for reactions. */
  attempts: Attempts;
  hand: { raised: boolean; toggle: () => void };
  panels: Panels;
}

interface Panels {
  open: PanelName | null;
  toggle: (name: PanelName) => void;
  /** Messages that were not seen yet. */
  unread: number;
}

export function Toolbar({ call, local, permissions, attempts, hand, panels }: ToolbarProps) {
  const { media } = call;
  const may = (source: Source) => mayPublish(permissions, source);
  return (
    <div className="toolbar-box">
      {attempts.error !== null && <Failure attempts={attempts} />}
      <div className="toolbar" role="toolbar" aria-label="Call">
        {may("microphone") && <MicrophoneSwitch media={media} source={local.microphone} />}
        {may("camera") && <CameraSwitch media={media} source={local.camera} />}
        {may("screen_share") && canShareScreen() && (
          <Switch
            label="Share your screen"
            hint={local.screen.on ? "Stop showing your screen" : "Show your screen"}
            testId="toggle-screen"
            source={local.screen}
            icons={{ on: <ScreenOffIcon />, off: <ScreenIcon /> }}
            warnWhenOff={false}
            onChange={(on) => void (on ? media.startScreen() : media.stopScreen())}
          />
        )}
        <button
          type="button"
          className={hand.raised ? "round active" : "round"}
          data-testid="toggle-hand"
          aria-label={STRINGS.hand.label}
          aria-pressed={hand.raised}
          title={hand.raised ? STRINGS.hand.lower : STRINGS.hand.raise}
          onClick={hand.toggle}
        >
          <HandIcon />
        </button>
        {permissions.canPublishData && (
          <ReactionMenu onReact={(reaction) => void attempts.attempt(() => call.meeting.react(reaction))} />
        )}
        <PanelButtons panels={panels} />
        <CopyLink link={location.href} label="Copy the room's link" className="round" />
        <button
          type="button"
          className="round leave"
          data-testid="leave-button"
          aria-label="Leave the call"
          title="Leave the call"
          onClick={() => call.leave()}
        >
          <LeaveIcon />
        </button>
      </div>
    </div>
  );
}

function PanelButtons({ panels: { open, toggle, unread } }: { panels: Panels }) {
  const { chat, people } = STRINGS;
  return (
    <>
      <button
        type="button"
        className={open === "chat" ? "round active" : "round"}
        data-testid="toggle-chat"
        aria-label={unread > 0 ? `${chat.title}, ${chat.unread(unread)}` : chat.title}
        aria-expanded={open === "chat"}
        title={chat.hint}
        onClick={() => toggle("chat")}
      >
        <ChatIcon />
        {unread > 0 && (
          <span className="mark unread" data-testid="chat-unread" aria-hidden="true">
            {unread > 99 ? "99+" : unread}
          </span>
        )}
      </button>
      <button
        type="button"
        className={open === "people" ? "round active" : "round"}
        data-testid="toggle-people"
        aria-label={people.title}
        aria-expanded={open === "people"}
        title={people.hint}
        onClick={() => toggle("people")}
      >
        <PeopleIcon />
      </button>
    </>
  );
}

/** Why the hand or a reaction did not get through. */
function Failure({ attempts }: { attempts: Attempts }) {
  return (
    <div className="banner trouble" role="alert">
      <p data-testid="error-message">{wordsFor(attempts.error)}</p>
      <button type="button" aria-label={STRINGS.dismiss} onClick={attempts.dismiss}>
        <CloseIcon />
      </button>
    </div>
  );
}
