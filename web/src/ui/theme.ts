/** Light or dark. */

import { rememberedTheme, rememberTheme } from "./remember";

export const THEMES = ["system", "light", "dark"] as const;

export type Theme = (typeof THEMES)[number];

/** Colour the page as it was chosen before: to be called before anything is shown. */
export function applyTheme(theme: Theme = rememberedTheme()): void {
  const { dataset } = document.documentElement;
  if (theme === "system") delete dataset["theme"];
  else dataset["theme"] = theme;
}

export function chooseTheme(theme: Theme): void {
  rememberTheme(theme);
  applyTheme(theme);
}
