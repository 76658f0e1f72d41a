/** The tools of the toolbar besides microphone, camera and leaving, as they stand there. */

import { canShareScreen, mayPublish } from "@connect/client";
import type { ReactNode } from "react";

import { CopyLink } from "./CopyLink";
import {
  BarsIcon,
  ChatIcon,
  HandIcon,
  KeyboardIcon,
  PeopleIcon,
  ScreenIcon,
  ScreenOffIcon,
  SettingsIcon,
  SpeakerViewIcon,
} from "./icons";
import { ReactionChoice, ReactionMenu } from "./Reactions";
import { hintWithKey } from "./shortcuts";
import { STRINGS } from "./strings";
import type { ToolbarProps } from "./Toolbar";
import type { Ranked } from "./toolbar-room";
import { ToolButton, type Place } from "./ToolButton";

interface Tool extends Ranked {
  readonly name: string;
  readonly show: (place: Place) => ReactNode;
  /** The menu stays open after it was used there. */
  readonly staysOpen?: boolean;
}

export function toolsOf(props: ToolbarProps): Tool[] {
  const { permissions } = props;
  const tools: (Tool | false)[] = [
    mayPublish(permissions, "screen_share") && canShareScreen() && screenTool(props),
    handTool(props),
    permissions.canPublishData && reactionTool(props),
    chatTool(props),
    peopleTool(props),
    viewTool(props),
    copyTool,
    detailsTool(props),
    settingsTool(props),
    helpTool(props),
  ];
  return tools.filter((tool) => tool !== false);
}

function screenTool({ call: { media }, local: { screen } }: ToolbarProps): Tool {
  const { sources } = STRINGS;
  const show = (place: Place) => (
    <ToolButton
      place={place}
      label={sources.screen}
      hint={screen.problem?.message ?? (screen.on ? sources.screenOff : sources.screenOn)}
      testId="toggle-screen"
      icon={screen.on ? <ScreenOffIcon /> : <ScreenIcon />}
      pressed={screen.on}
      busy={screen.pending}
      onClick={() => void (screen.on ? media.stopScreen() : media.startScreen())}
    />
  );
  return { name: "screen", rank: 4, show };
}

function handTool({ hand: { raised, toggle } }: ToolbarProps): Tool {
  const show = (place: Place) => (
    <ToolButton
      place={place}
      label={STRINGS.hand.label}
      hint={raised ? STRINGS.hand.lower : STRINGS.hand.raise}
      testId="toggle-hand"
      icon={<HandIcon />}
      pressed={raised}
      onClick={toggle}
    />
  );
  return { name: "hand", rank: 2, show };
}

function reactionTool({ attempts, call }: ToolbarProps): Tool {
  const react = (reaction: string) => void attempts.attempt(() => call.meeting.react(reaction));
  const show = (place: Place) =>
    place === "bar" ? <ReactionMenu onReact={react} /> : <ReactionChoice onReact={react} />;
  return { name: "reactions", rank: 5, show };
}

function chatTool({ panels: { open, toggle, unread } }: ToolbarProps): Tool {
  const { chat } = STRINGS;
  const show = (place: Place) => (
    <ToolButton
      place={place}
      label={unread > 0 ? `${chat.title}, ${chat.unread(unread)}` : chat.title}
      hint={chat.hint}
      testId="toggle-chat"
      icon={<ChatIcon />}
      expanded={open === "chat"}
      onClick={() => toggle("chat")}
    >
      {unread > 0 && (
        <span className="mark unread" data-testid="chat-unread" aria-hidden="true">
          {unread > 99 ? "99+" : unread}
        </span>
      )}
    </ToolButton>
  );
  return { name: "chat", rank: 1, show };
}

function peopleTool({ panels: { open, toggle } }: ToolbarProps): Tool {
  const show = (place: Place) => (
    <ToolButton
      place={place}
      label={STRINGS.people.title}
      hint={STRINGS.people.hint}
      testId="toggle-people"
      icon={<PeopleIcon />}
      expanded={open === "people"}
      onClick={() => toggle("people")}
    />
  );
  return { name: "people", rank: 3, show };
}

function detailsTool({ panels: { open, toggle } }: ToolbarProps): Tool {
  const show = (place: Place) => (
    <ToolButton
      place={place}
      label={STRINGS.details.label}
      testId="toggle-details"
      icon={<BarsIcon />}
      expanded={open === "details"}
      onClick={() => toggle("details")}
    />
  );
  return { name: "details", rank: null, show };
}

function viewTool({ view: { shown, toggle } }: ToolbarProps): Tool {
  const { speakerView, toGrid, toSpeaker } = STRINGS.stage;
  const show = (place: Place) => (
    <ToolButton
      place={place}
      label={speakerView}
      hint={hintWithKey(shown === "speaker" ? toGrid : toSpeaker, "view")}
      testId="toggle-view"
      icon={<SpeakerViewIcon />}
      pressed={shown === "speaker"}
      onClick={toggle}
    />
  );
  return { name: "view", rank: 6, show };
}

const copyTool: Tool = {
  name: "copy",
  rank: 7,
  show: (place) => (
    <CopyLink
      link={location.href}
      label={STRINGS.call.copyLink}
      className={place === "bar" ? "round" : "menu-entry"}
      {...(place === "menu" && { text: STRINGS.call.copyLink })}
    />
  ),
  // It says that the link was copied.
  staysOpen: true,
};

function settingsTool({ onDialog }: ToolbarProps): Tool {
  const show = (place: Place) => (
    <ToolButton
      place={place}
      label={STRINGS.settings.title}
      testId="settings-button"
      icon={<SettingsIcon />}
      onClick={() => onDialog("settings")}
    />
  );
  return { name: "settings", rank: null, show };
}

function helpTool({ onDialog }: ToolbarProps): Tool {
  const show = (place: Place) => (
    <ToolButton
      place={place}
      label={STRINGS.help.title}
      hint={hintWithKey(STRINGS.help.title, "help")}
      testId="help-button"
      icon={<KeyboardIcon />}
      onClick={() => onDialog("help")}
    />
  );
  return { name: "help", rank: null, show };
}
