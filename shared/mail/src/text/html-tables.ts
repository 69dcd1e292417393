import type { TextLayout } from "./text-layout.ts";

/** Rows as lines, their cells with a bar between. Each function is true when the tag was one of a table. */
export interface Tables {
  open(name: string): boolean;
  close(name: string): boolean;
  /** True right after a cell was opened: a block that begins there begins no new line. */
  isCellStart(): boolean;
}

const PARTS = new Set(["table", "tbody", "thead", "tfoot", "tr", "td", "th", "colgroup"]);

/**
 * See {@link Tables}. Most tables in mails only lay out a page: where a cell of a row has more than one line, the next
 * cell begins a new one. Tables in tables share this state, and come out as lines too.
 */
export function makeTables(layout: TextLayout): Tables {
  let cells = 0;
  let rowStart = 0;
  let cellStart = -1;
  return {
    open(name) {
      if (!PARTS.has(name)) return false;
      if (name === "td" || name === "th") {
        if (cells === 0) rowStart = layout.begun();
        if (layout.begun() !== rowStart + 1 || !layout.continueLine(" | ")) layout.block(1);
        cells += 1;
        cellStart = layout.written();
        return true;
      }
      layout.block(1);
      cells = 0;
      return true;
    },
    close(name) {
      if (!PARTS.has(name)) return false;
      if (name === "tr" || name === "table") layout.block(1);
      return true;
    },
    isCellStart: () => cellStart === layout.written(),
  };
}
