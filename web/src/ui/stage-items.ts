/** What is shown of a call, and which of it is large. Pure. */

import type { Person, Picture } from "./people";

/** Everyone at the same size, or who speaks large. */
export type View = "grid" | "speaker";

/** One tile: a person, or what they show. */
export interface Item {
  readonly id: string;
  readonly person: Person;
  /** Null for the person. */
  readonly screen: Picture | null;
}

/** Everything that there is to show, screens first. */
export function itemsOf(people: readonly Person[]): Item[] {
  const screens = people.map((person): Item => ({ id: `screen ${person.id}`, person, screen: person.screen }));
  return [
    ...screens.filter(({ screen }) => screen !== null),
    ...people.map((person): Item => ({ id: person.id, person, screen: null })),
  ];
}

interface Wishes {
  readonly view: View;
  /** The item that somebody wants to stay large. */
  readonly pinned: string | null;
  /** Who spoke last, of the others. */
  readonly speaker: string | null;
}

/**
 * The item that is large beside the others; null when all have the same size.
 *
 * That is what was pinned, else a screen of the others, else, in the speaker view, who speaks. One's own screen is on
 * one's screen anyway.
 */
export function largeOf(items: readonly Item[], { view, pinned, speaker }: Wishes): string | null {
  if (items.length < 2) return null;
  const others = items.filter(({ person }) => !person.self);
  const large =
    items.find(({ id }) => id === pinned) ??
    others.find(({ screen }) => screen !== null) ??
    (view === "speaker" ? (others.find(({ id }) => id === speaker) ?? others[0]) : undefined);
  return large?.id ?? null;
}
