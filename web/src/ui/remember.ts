/** Small things that the browser keeps from one call to the next. */

const NAME = "connect.name";

export function rememberedName(): string {
  try {
    return localStorage.getItem(NAME) ?? "";
  } catch {
    return ""; // Storage is blocked in this browser: nothing was kept.
  }
}

export function rememberName(name: string): void {
  try {
    localStorage.setItem(NAME, name);
  } catch {
    // Storage is blocked or full: the name is asked for again next time.
  }
}
