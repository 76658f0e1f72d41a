/** What you can do in a call. */

import {
  canShareScreen,
  mayPublish,
  type Call,
  type LocalState,
  type Permissions,
  type Source,
} from "@connect/client";

import { CopyLink } from "./CopyLink";
import { LeaveIcon, ScreenIcon, ScreenOffIcon } from "./icons";
import { CameraSwitch, MicrophoneSwitch, Switch } from "./Switch";

interface ToolbarProps {
  call: Call;
  local: LocalState;
  /** What is not allowed is not offered. */
  permissions: Permissions;
}

export function Toolbar({ call, local, permissions }: ToolbarProps) {
  const { media } = call;
  const may = (source: Source) => mayPublish(permissions, source);
  return (
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
  );
}
