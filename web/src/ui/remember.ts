/** Small things that the browser keeps from one visit to the next. */

import type { View } from "./stage-items";
import type { Theme } from "./theme";

const NAME = "connect.name";
const CONFIG = "connect.config";
const INVITATION = "connect.invitation";
const VIEW = "connect.view";
const THEME = "connect.theme";

export function rememberedName(): string {
  return read(NAME) ?? "";
}

export function rememberName(name: string): void {
  write(NAME, name);
}

/** What the server said of itself last time, so that a page need not wait for it. */
export function rememberedConfig<T>(): Partial<T> {
  try {
    return JSON.parse(read(CONFIG) ?? "{}") as Partial<T>;
  } catch {
    return {};
  }
}

export function rememberConfig(config: object): void {
  write(CONFIG, JSON.stringify(config));
}

export function rememberedView(): View {
  return read(VIEW) === "speaker" ? "speaker" : "grid";
}

export function rememberView(view: View): void {
  write(VIEW, view);
}

/** As it was chosen; the system's if it never was. */
export function rememberedTheme(): Theme {
  const theme = read(THEME);
  return theme === "light" || theme === "dark" ? theme : "system";
}

export function rememberTheme(theme: Theme): void {
  write(THEME, theme);
}

/** The token of an invitation, in this tab, until its owner has signed in. */
export function rememberedInvitation(): string | null {
  return read(INVITATION, () => sessionStorage);
}

export function rememberInvitation(token: string): void {
  write(INVITATION, token, () => sessionStorage);
}

// To look at a storage that is blocked fails, not only to use it.
function read(key: string, storage = () => localStorage): string | null {
  try {
    return storage().getItem(key);
  } catch {
    return null; // Storage is blocked in this browser: nothing was kept.
  }
}

function write(key: string, value: string, storage = () => localStorage): void {
  try {
    storage().setItem(key, value);
  } catch {
    // Storage is blocked or full: it is asked for again next time.
  }
}
