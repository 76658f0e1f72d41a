/** How to lay tiles into a box: equal ones as large as they get, or one large beside a strip of small ones. Pure. */

import type { Size } from "./hooks";

/** The space between tiles, in CSS pixels; the same as the stage's gap in the styles. */
export const GAP = 10;

/** Below this width a tile shows nobody any more: the grid scrolls instead. In CSS pixels. */
const SMALLEST = 150;

/** What a bar for scrolling takes, in CSS pixels, where it takes any. */
const SCROLLBAR = 12;

export interface GridLayout {
  readonly columns: number;
  readonly tile: Size;
}

export interface SpotlightLayout {
  /** Where the small ones are. */
  readonly strip: "beside" | "below";
  readonly large: Size;
  readonly tile: Size;
}

/** Lay out `count` tiles in `box`. Tiles are 16:9 in a wide box and upright enough for faces in a tall one. */
export function layOut(count: number, box: Size): GridLayout {
  let best: GridLayout = { columns: 1, tile: { width: 0, height: 0 } };
  for (let columns = 1; columns <= count; columns++) {
    const tile = tileSize(columns, Math.ceil(count / columns), box);
    if (tile.width * tile.height > best.tile.width * best.tile.height) best = { columns, tile };
  }
  return best.tile.width >= SMALLEST ? best : scrolling(box);
}

/** Lay out a large tile and `count` small ones; what does not fit of those is scrolled to. */
export function spotlight(count: number, box: Size): SpotlightLayout {
  if (box.width > box.height * 1.15) {
    const tile = smallTile(within(box.width * 0.18, SMALLEST, 240), 16 / 9);
    const taken = tile.width + GAP + (count * (tile.height + GAP) > box.height ? SCROLLBAR : 0);
    return { strip: "beside", tile, large: { width: Math.max(0, box.width - taken), height: box.height } };
  }
  const tile = smallTile(within(box.height * 0.24, 112, 176), 4 / 3);
  const taken = tile.height + GAP + (count * (tile.width + GAP) > box.width ? SCROLLBAR : 0);
  return { strip: "below", tile, large: { width: box.width, height: Math.max(0, box.height - taken) } };
}

function tileSize(columns: number, rows: number, box: Size): Size {
  const room = {
    width: (box.width - GAP * (columns - 1)) / columns,
    height: (box.height - GAP * (rows - 1)) / rows,
  };
  const [narrowest, widest] = box.width < box.height ? ([3 / 4, 4 / 3] as const) : ([4 / 3, 16 / 9] as const);
  const ratio = within(room.width / room.height, narrowest, widest);
  const width = Math.max(0, Math.min(room.width, room.height * ratio));
  return { width: Math.floor(width), height: Math.floor(width / ratio) };
}

function scrolling(box: Size): GridLayout {
  const width = Math.max(0, box.width - SCROLLBAR);
  const columns = Math.max(1, Math.floor((width + GAP) / (SMALLEST + GAP)));
  const side = Math.floor((width - GAP * (columns - 1)) / columns);
  return { columns, tile: { width: side, height: Math.floor((side * 3) / 4) } };
}

function smallTile(width: number, ratio: number): Size {
  return { width: Math.round(width), height: Math.round(width / ratio) };
}

function within(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
