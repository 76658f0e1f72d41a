/** Which tools have room in the toolbar. Pure. */

/** Below this width of the toolbar its buttons are smaller, as in the styles. In CSS pixels. */
const NARROW = 400;

/** How many buttons, of which the last one is wider than the others, stand beside each other in `width` CSS pixels. */
export function buttonsIn(width: number): number {
  const [button, gap, wider] = width < NARROW ? [46, 8, 12] : [52, 12, 16];
  return Math.max(0, Math.floor((width - wider + gap) / (button + gap)));
}

/** A tool in its place among all. */
export interface Ranked {
  /** 1 for the most important one; null for what never takes room in the bar. */
  readonly rank: number | null;
}

/** Divide tools into those in the bar, of which there are at most `room`, and the others. Both keep their order. */
export function divide<T extends Ranked>(tools: readonly T[], room: number): { bar: T[]; menu: T[] } {
  const ranks = tools.flatMap(({ rank }) => rank ?? []).sort((one, other) => one - other);
  const last = ranks[Math.min(room, ranks.length) - 1] ?? 0;
  const isInBar = ({ rank }: T) => rank !== null && rank <= last;
  return { bar: tools.filter(isInBar), menu: tools.filter((tool) => !isInBar(tool)) };
}
