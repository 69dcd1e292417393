/**
 * Lays out lines: runs of white space become one space, breaks come lazily before the next text, so that what ends a
 * block and what begins the next one make one break between them.
 */
export interface TextLayout {
  /** Adds text; in `pre` as it is. */
  write(text: string): void;
  /** What follows stands in a new block: after 1 line end, or 2, which is a blank line. */
  block(lineEnds: 1 | 2): void;
  /** A line end that is always one: `<br>`. */
  lineEnd(): void;
  /** Puts this in front of the next text, such as the marker of a list item. */
  mark(marker: string): void;
  /** Joins what follows to the current line, whatever block was begun; false when the line is empty. */
  continueLine(separator: string): boolean;
  quote(change: 1 | -1): void;
  pre(change: 1 | -1): void;
  /** Number of lines that have been begun. */
  begun(): number;
  /** A number that grows with each text that can be seen. */
  written(): number;
  isFull(): boolean;
  finish(): string;
}

/** Deeper quotes are marked as deep as this. */
const MAX_QUOTE_DEPTH = 10;
/** More line ends in a row are these: two blank lines. */
const MAX_LINE_ENDS = 3;
const NBSP = /\u00a0/g;
/** As HTML understands it: a no-break space is none. */
const WHITE_SPACE = /[ \t\r\n\f]+/g;
/** What newsletters pad their preview with: invisible characters in a long row. One class, no nesting: linear. */
const PADDING = /[\u034f\u00a0 \u00ad\u200b-\u200f\u2007\ufeff]{6,}/g;
const INVISIBLE = /[\u034f\u00ad\u200b-\u200f\ufeff]/;

/** A layout whose text has at most about `maxChars` characters. */
export function makeTextLayout(maxChars: number): TextLayout {
  const lines: string[] = [];
  /** The current line in pieces: one string would be copied for each look at its end. */
  let line: string[] = [];
  let endsInSpace = false;
  let lineQuotes = 0;
  let lineEnds = 0;
  let marker = "";
  let isBlankSeen = false;
  let isPreOpened = false;
  let quoteDepth = 0;
  let preDepth = 0;
  let begun = 0;
  let size = 0;

  const hasContent = () => line.length > 0 || lines.length > 0;

  function add(text: string): void {
    line.push(text);
    size += text.length;
    endsInSpace = text.endsWith(" ");
  }

  function pushLine(text: string, depth: number): void {
    const quotes = Math.min(depth, MAX_QUOTE_DEPTH);
    size += quotes + 2;
    lines.push(`${">".repeat(quotes)}${quotes > 0 ? " " : ""}${text}`.trimEnd());
  }

  function endLines(): void {
    if (lineEnds === 0) return;
    if (hasContent()) pushLine(line.join(""), lineQuotes);
    for (let blanks = 1; blanks < lineEnds && lines.length > 0; blanks += 1) pushLine("", Math.min(lineQuotes, quoteDepth));
    line = [];
    lineEnds = 0;
  }

  function begin(): void {
    endLines();
    isBlankSeen = false;
    if (line.length > 0) return;
    begun += 1;
    lineQuotes = quoteDepth;
    endsInSpace = true;
    if (marker !== "") add(marker);
    marker = "";
  }

  function writeFlowing(text: string): void {
    const flat = text.replace(WHITE_SPACE, " ").replace(PADDING, (run) => (INVISIBLE.test(run) ? " " : run));
    const isAtStart = line.length === 0 || lineEnds > 0;
    if (flat.trim() !== "") {
      begin();
      return add(endsInSpace && flat.startsWith(" ") ? flat.slice(1) : flat);
    }
    if (isAtStart) isBlankSeen ||= flat.includes("\u00a0");
    else if (flat !== "" && !endsInSpace) add(" ");
  }

  function writePre(text: string): void {
    const rest = isPreOpened ? text.replace(/^\r?\n/, "") : text;
    isPreOpened = false;
    for (const [index, part] of rest.replace(/\r\n?/g, "\n").split("\n").entries()) {
      if (index > 0) layout.lineEnd();
      if (part === "") continue;
      begin();
      add(part);
    }
  }

  const layout: TextLayout = {
    write(text) {
      if (size >= maxChars) return;
      const fitting = text.slice(0, maxChars - size);
      if (preDepth > 0) writePre(fitting);
      else writeFlowing(fitting);
    },
    block(wanted) {
      if (isBlankSeen) lineEnds = Math.min(MAX_LINE_ENDS, lineEnds + 1);
      isBlankSeen = false;
      if (hasContent()) lineEnds = Math.max(lineEnds, wanted);
    },
    lineEnd() {
      isBlankSeen = false;
      if (preDepth > 0) endLines();
      lineEnds = Math.min(MAX_LINE_ENDS, lineEnds + 1);
    },
    mark(text) {
      marker = text;
    },
    continueLine(separator) {
      if (line.length === 0) return false;
      lineEnds = 0;
      add(endsInSpace ? separator.trimStart() : separator);
      return true;
    },
    quote(change) {
      layout.block(1);
      quoteDepth = Math.max(0, quoteDepth + change);
    },
    pre(change) {
      layout.block(1);
      preDepth = Math.max(0, preDepth + change);
      isPreOpened = change > 0;
    },
    begun: () => begun,
    written: () => size,
    isFull: () => size >= maxChars,
    finish() {
      if (line.length > 0) pushLine(line.join(""), lineQuotes);
      return lines.join("\n").replace(NBSP, " ").replace(/^\n+/, "").trimEnd();
    },
  };
  return layout;
}
