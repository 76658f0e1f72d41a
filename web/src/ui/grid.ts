/** How to lay equal tiles into a box so that they get as large as possible. Pure. */

import type { Size } from "./hooks";

/** The space between tiles, in CSS pixels; the same as the grid's gap in the styles. */
export const GAP = 10;

/** Below this width a tile shows nobody any more: the grid scrolls instead. In CSS pixels. */
const SMALLEST = 150;

export interface GridLayout {
  readonly columns: number;
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

function tileSize(columns: number, rows: number, box: Size): Size {
  const room = {
    width: (box.width - GAP * (columns - 1)) / columns,
    height: (box.height - GAP * (rows - 1)) / rows,
  };
  const [narrowest, widest] = box.width < box.height ? [3 / 4, 4 / 3] : [4 / 3, 16 / 9];
  const ratio = Math.min(widest, Math.max(narrowest, room.width / room.height));
  const width = Math.max(0, Math.min(room.width, room.height * ratio));
  return { width: Math.floor(width), height: Math.floor(width / ratio) };
}

function scrolling({ width }: Size): GridLayout {
  const columns = Math.max(1, Math.floor((width + GAP) / (SMALLEST + GAP)));
  const side = Math.floor((width - GAP * (columns - 1)) / columns);
  return { columns, tile: { width: side, height: Math.floor((side * 3) / 4) } };
}
