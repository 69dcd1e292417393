import type { TextLayout } from "./text-layout.ts";

/** Lists and the markers of their items. Each function is true when the tag was one of a list. */
export interface Lists {
  open(name: string, attributes: ReadonlyMap<string, string>): boolean;
  close(name: string): boolean;
}

/** Lists in lists beyond this are written as this deep. */
const MAX_DEPTH = 10;
const MAX_START = 1_000_000;

/** See {@link Lists}. */
export function makeLists(layout: TextLayout): Lists {
  /** Number of the next item; undefined in a list without numbers. */
  const open: (number | undefined)[] = [];
  let deeper = 0;
  return {
    open(name, attributes) {
      if (name === "ul" || name === "ol") {
        layout.block(open.length === 0 ? 2 : 1);
        if (open.length < MAX_DEPTH) open.push(name === "ol" ? startOf(attributes) : undefined);
        else deeper += 1;
        return true;
      }
      if (name !== "li") return false;
      layout.block(1);
      const number = open.at(-1);
      if (number !== undefined) open[open.length - 1] = number + 1;
      layout.mark(`${"  ".repeat(Math.max(0, open.length - 1))}${number === undefined ? "-" : `${number}.`} `);
      return true;
    },
    close(name) {
      if (name !== "ul" && name !== "ol" && name !== "li") return false;
      if (name !== "li" && deeper > 0) deeper -= 1;
      else if (name !== "li") open.pop();
      layout.mark("");
      layout.block(name !== "li" && open.length === 0 ? 2 : 1);
      return true;
    },
  };
}

function startOf(attributes: ReadonlyMap<string, string>): number {
  const start = Number.parseInt(attributes.get("start") ?? "", 10);
  return Math.abs(start) <= MAX_START ? start : 1;
}
