import { parameter } from "./parameters.ts";
import { type Part, rawHeader } from "./part.ts";

/**
 * What of a message is its text, and what are files.
 *
 * Text parts follow one another as blocks; a block has its text in one or two forms (multipart/alternative). Everything
 * that is not shown as text is a file, so that nothing which was sent is lost.
 */
export interface Layout {
  blocks: Block[];
  files: Part[];
}

/** One stretch of the text: as plain text, as HTML, or both. */
export interface Block {
  plain: readonly Part[];
  /** Plain parts among them stand between HTML. */
  html: readonly Part[];
}

/** Of a named text that is shown among the text, bytes. */
const LONGEST_SHOWN_BYTES = 16 * 1024;

/** `isBlank` tells whether a text part says nothing. */
export function layOut(root: Part, isBlank: (part: Part) => boolean): Layout {
  return layOutPart(root, true, isBlank);
}

/** `leads`: it stands where a message's text begins, so that a name does not make it a file. */
function layOutPart(part: Part, leads: boolean, isBlank: (part: Part) => boolean): Layout {
  if (part.children.length === 0) return layOutLeaf(part, leads);
  if (part.type === "multipart/alternative") return layOutAlternative(part, isBlank);
  if (part.type === "multipart/related") return layOutRelated(part, leads, isBlank);
  return joined(part.children.map((child, index) => layOutPart(child, leads && index === 0, isBlank)));
}

function layOutLeaf(part: Part, leads: boolean): Layout {
  // A multipart that is too deep to be opened, or an empty one.
  if (part.type.startsWith("multipart/")) return { blocks: [], files: part.end > part.start ? [part] : [] };
  if (!isText(part) || part.disposition?.value === "attachment" || (!leads && isNamedFile(part))) return { blocks: [], files: [part] };
  return { blocks: [part.type === "text/html" ? { plain: [], html: [part] } : { plain: [part], html: [] }], files: [] };
}

function isText({ type, depth }: Part): boolean {
  if (type === "text/plain" || type === "text/html") return true;
  // A message that is one text in a form we do not know is shown as it stands.
  return depth === 0 && type.startsWith("text/") && type !== "text/calendar";
}

/** A named text after the first is shown where it is short, and is a file where it would bury the text before it. */
function isNamedFile({ contentType, disposition, start, end }: Part): boolean {
  if (end - start <= LONGEST_SHOWN_BYTES) return false;
  const names = [...contentType.parameters, ...(disposition?.parameters ?? [])];
  return names.some(([name, value]) => /^(?:file)?name(?:\*|$)/.test(name) && value !== "");
}

/** Every plain form that says something, because some programs send different texts as forms of one; the last HTML; files of all forms. */
function layOutAlternative(part: Part, isBlank: (part: Part) => boolean): Layout {
  const forms = part.children.map((child) => layOutPart(child, true, isBlank));
  const plain = forms.flatMap(({ blocks }) => blocks.flatMap((block) => block.plain)).filter((one) => !isBlank(one));
  const htmlForm = forms.findLast(({ blocks }) => blocks.some(({ html }) => html.length > 0));
  const html = htmlForm?.blocks.flatMap((block) => (block.html.length > 0 ? block.html : block.plain)) ?? [];
  const blocks = plain.length + html.length > 0 ? [{ plain, html }] : [];
  return { blocks, files: forms.flatMap(({ files }) => files) };
}

/** One part is shown, with the others in it. */
function layOutRelated(part: Part, leads: boolean, isBlank: (part: Part) => boolean): Layout {
  const start = parameter(part.contentType, "start")?.trim();
  const named = start === undefined ? -1 : part.children.findIndex(({ headers }) => rawHeader(headers, "content-id")?.trim() === start);
  const root = Math.max(named, 0);
  return joined(
    part.children.map((child, index) => {
      if (index === root) return layOutPart(child, leads, isBlank);
      const isReferred = child.children.length === 0 && rawHeader(child.headers, "content-id") !== undefined;
      return isReferred ? { blocks: [], files: [child] } : layOutPart(child, false, isBlank);
    }),
  );
}

function joined(layouts: readonly Layout[]): Layout {
  return { blocks: layouts.flatMap(({ blocks }) => blocks), files: layouts.flatMap(({ files }) => files) };
}
