import { Tokenizer } from "htmlparser2";

/**
 * HTML as a flat stream of tags and text. The tokenizer of htmlparser2 is used without its parser and without a tree:
 * both keep open elements in a stack that hostile HTML makes as deep as it likes, and search it at each closing tag,
 * which is quadratic. Here is no stack at all, so the work is linear in the input, whatever is nested in what.
 */
export interface HtmlEvents {
  /** Entities are decoded. What stands between two tags comes in one piece, unless it is very long. */
  text(text: string): void;
  /** `name` in lower case. Attributes have lower-case names and decoded values. */
  open(name: string, attributes: ReadonlyMap<string, string>): void;
  close(name: string): void;
  /** True once nothing more is wanted: the rest is not read. */
  isFull(): boolean;
}

/** Attributes of one tag beyond these are ignored; real mail has fewer than 20. */
const MAX_ATTRIBUTES = 100;
/** Room for an inline image of 700 kB as a data URL; what is longer counts as absent. */
const MAX_ATTRIBUTE_CHARS = 1_000_000;
/** Pieces of one text, or of an attribute, that are held before they are joined. */
const MAX_PIECES = 1_000;
/** Pieces in which the input is handed over, so that reading can stop between them. */
const CHUNK_CHARS = 65_536;

/**
 * Tags, attributes, entities and runs of {@link CHARS_A_STEP} characters of text after which reading stops: about a
 * second of work. The largest newsletters take 50,000; characters of attributes and comments are not counted, they
 * cost little, so that what follows a large inline image is read.
 */
export const MAX_STEPS = 1_000_000;
const CHARS_A_STEP = 20;

/** Reads HTML from its start to its end, or until it is enough. Returns the steps it took. Never throws of itself. */
export function readHtml(html: string, events: HtmlEvents): number {
  const work = { steps: 0 };
  const text = gatherText(events, work);
  const tokenizer = new Tokenizer({ decodeEntities: true }, callbacks(html, events, text, work));
  const isEnough = () => work.steps >= MAX_STEPS || events.isFull();
  for (let start = 0; start < html.length && !isEnough(); start += CHUNK_CHARS) tokenizer.write(html.slice(start, start + CHUNK_CHARS));
  if (!isEnough()) tokenizer.end();
  text.flush();
  return work.steps;
}

type Work = { steps: number };

/** A text of nothing but entities comes as one event each: handed on in one piece. */
function gatherText(events: HtmlEvents, work: Work) {
  let pieces: string[] = [];
  const flush = () => {
    if (pieces.length === 0) return;
    const text = pieces.join("");
    pieces = [];
    events.text(text);
  };
  return {
    flush,
    add(piece: string): void {
      work.steps += Math.ceil(piece.length / CHARS_A_STEP);
      pieces.push(piece);
      if (pieces.length >= MAX_PIECES) flush();
    },
  };
}

function callbacks(html: string, events: HtmlEvents, text: ReturnType<typeof gatherText>, work: Work): ConstructorParameters<typeof Tokenizer>[1] {
  let tag = "";
  let attribute = "";
  let value = "";
  let attributes = new Map<string, string>();
  const endTag = () => {
    work.steps += 1;
    text.flush();
    events.open(tag, attributes);
  };
  return {
    onopentagname(start, end) {
      tag = html.slice(start, end).toLowerCase();
      attributes = new Map();
    },
    onattribname(start, end) {
      work.steps += 1;
      attribute = html.slice(start, end).toLowerCase();
      value = "";
    },
    onattribdata(start, end) {
      if (value.length <= MAX_ATTRIBUTE_CHARS) value += html.slice(start, Math.min(end, start + MAX_ATTRIBUTE_CHARS + 1));
    },
    onattribentity(codepoint) {
      work.steps += 1;
      if (value.length <= MAX_ATTRIBUTE_CHARS) value += String.fromCodePoint(codepoint);
    },
    onattribend() {
      const isWanted = attributes.size < MAX_ATTRIBUTES && value.length <= MAX_ATTRIBUTE_CHARS && !attributes.has(attribute);
      if (isWanted) attributes.set(attribute, value);
    },
    onopentagend: endTag,
    onselfclosingtag: endTag,
    onclosetag(start, end) {
      work.steps += 1;
      text.flush();
      events.close(html.slice(start, end).toLowerCase());
    },
    ontext: (start, end) => text.add(html.slice(start, end)),
    ontextentity: (codepoint) => text.add(String.fromCodePoint(codepoint)),
    oncdata: (start, end, endOffset) => text.add(html.slice(start, Math.max(start, end - endOffset))),
    oncomment: ignore,
    ondeclaration: ignore,
    onprocessinginstruction: ignore,
    onend: ignore,
  };
}

function ignore(): void {}
