import { useRef, type CSSProperties, type ReactNode } from "react";

import { layOut } from "./grid";
import { useSize } from "./hooks";

/** Equal tiles, as large as they get. */
export function Grid({ count, label, children }: { count: number; label: string; children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const { tile, columns } = layOut(count, useSize(box));
  const style = { "--columns": columns, "--width": `${tile.width}px`, "--height": `${tile.height}px` };
  return (
    <div ref={box} className="grid-box">
      <ul className="grid" aria-label={label} style={style as CSSProperties}>
        {children}
      </ul>
    </div>
  );
}
