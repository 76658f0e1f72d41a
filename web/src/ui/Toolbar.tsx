/** What you can do in a call: as much of it as has room, and a menu with the rest. */

import { mayPublish, type Call, type LocalState, type Permissions } from "@connect/client";
import { Fragment, useRef } from "react";

import type { Attempts } from "./attempts";
import { useSize } from "./hooks";
import { CloseIcon, LeaveIcon, MoreIcon } from "./icons";
import type { PanelName } from "./Panel";
import { Popup } from "./Popup";
import type { View } from "./stage-items";
import { STRINGS } from "./strings";
import { CameraSwitch, MicrophoneSwitch } from "./Switch";
import { buttonsIn, divide } from "./toolbar-room";
import { toolsOf } from "./tools";
import { wordsFor } from "./words";

export type DialogName = "settings" | "help";

export interface ToolbarProps {
  call: Call;
  local: LocalState;
  /** What is not allowed is not offered. */
  permissions: Permissions;
  /** For raising the hand and for reactions. */
  attempts: Attempts;
  hand: { raised: boolean; toggle: () => void };
  panels: Panels;
  view: { shown: View; toggle: () => void };
  onDialog: (name: DialogName) => void;
}

interface Panels {
  open: PanelName | null;
  toggle: (name: PanelName) => void;
  /** Messages that were not seen yet. */
  unread: number;
}

export function Toolbar(props: ToolbarProps) {
  const { call, local, permissions, attempts } = props;
  const box = useRef<HTMLDivElement>(null);
  const { width } = useSize(box);
  const microphone = mayPublish(permissions, "microphone");
  const camera = mayPublish(permissions, "camera");
  // The menu and leaving are always there.
  const taken = 2 + Number(microphone) + Number(camera);
  const { bar, menu } = divide(toolsOf(props), buttonsIn(width) - taken);
  return (
    <div ref={box} className="toolbar-box">
      {attempts.error !== null && <Failure attempts={attempts} />}
      <div className="toolbar" role="group" aria-label={STRINGS.call.toolbar}>
        {microphone && <MicrophoneSwitch media={call.media} source={local.microphone} />}
        {camera && <CameraSwitch media={call.media} source={local.camera} />}
        {bar.map(({ name, show }) => (
          <Fragment key={name}>{show("bar")}</Fragment>
        ))}
        <Popup label={STRINGS.call.more} icon={<MoreIcon />} testId="more-menu" className="menu">
          {(close) =>
            menu.map(({ name, show, staysOpen }) => (
              <div key={name} onClick={staysOpen ? undefined : close}>
                {show("menu")}
              </div>
            ))
          }
        </Popup>
        <button
          type="button"
          className="round leave"
          data-testid="leave-button"
          aria-label={STRINGS.call.leave}
          title={STRINGS.call.leave}
          onClick={() => call.leave()}
        >
          <LeaveIcon />
        </button>
      </div>
    </div>
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
