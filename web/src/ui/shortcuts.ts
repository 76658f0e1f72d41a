/** What keys do. */

import { useEffect, useEffectEvent } from "react";

import { STRINGS } from "./strings";

/** All shortcuts, in the order in which the help lists them. */
export const SHORTCUTS = {
  microphone: { key: "m", does: STRINGS.help.microphone },
  camera: { key: "v", does: STRINGS.help.camera },
  hand: { key: "h", does: STRINGS.help.hand },
  chat: { key: "c", does: STRINGS.help.chat },
  people: { key: "p", does: STRINGS.help.people },
  view: { key: "g", does: STRINGS.help.view },
  help: { key: "?", does: STRINGS.help.help },
} as const;

export type ShortcutName = keyof typeof SHORTCUTS;

type Actions = { readonly [name in ShortcutName]?: () => void };

/** A button's hint with the key that does the same: `Mute (M)`. */
export function hintWithKey(hint: string, name: ShortcutName): string {
  return `${hint} (${SHORTCUTS[name].key.toUpperCase()})`;
}

/** Call an action when its key is pressed, unless somebody is typing or a dialog is open. */
export function useShortcuts(actions: Actions): void {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target instanceof Element && event.target.closest("input, select, textarea")) return;
    if (document.querySelector("dialog[open]")) return;
    const action = actionFor(actions, event.key.toLowerCase());
    if (!action) return;
    // The key shall not be typed into what the action focuses.
    event.preventDefault();
    action();
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => onKey(event);
    addEventListener("keydown", listener);
    return () => removeEventListener("keydown", listener);
  }, []);
}

function actionFor(actions: Actions, pressed: string): (() => void) | undefined {
  const names = Object.keys(SHORTCUTS) as ShortcutName[];
  const name = names.find((one) => SHORTCUTS[one].key === pressed);
  return name && actions[name];
}
