/** What you can do in a call. */

import { useEffect, useState } from "react";

import { canShareScreen, type Call, type LocalState } from "../client";
import { CheckIcon, LeaveIcon, LinkIcon, ScreenIcon, ScreenOffIcon } from "./icons";
import { CameraSwitch, MicrophoneSwitch, Switch } from "./Switch";

/** How long the button says that the link was copied, in ms. */
const COPIED_FOR = 2_000;

export function Toolbar({ call, local }: { call: Call; local: LocalState }) {
  const { media } = call;
  return (
    <div className="toolbar" role="toolbar" aria-label="Call">
      <MicrophoneSwitch media={media} source={local.microphone} />
      <CameraSwitch media={media} source={local.camera} />
      {canShareScreen() && (
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
      <CopyLink />
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

function CopyLink() {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), COPIED_FOR);
    return () => clearTimeout(timer);
  }, [copied]);

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      setCopied(true);
    } catch {
      // No clipboard for this page (plain http, or denied): show the link, to be copied by hand.
      prompt("The link of this room", location.href);
    }
  };

  const label = copied ? "Link copied" : "Copy the room's link";
  return (
    <button
      type="button"
      className="round"
      data-testid="copy-link"
      aria-label={label}
      title={label}
      onClick={() => void copy()}
    >
      {copied ? <CheckIcon /> : <LinkIcon />}
      <span className="visually-hidden" role="status">
        {copied && "Link copied"}
      </span>
    </button>
  );
}
