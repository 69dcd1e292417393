import { parseFieldName } from "./field-name.ts";
import { decodeFormBytes } from "./form-decoding.ts";
import { ParamTree } from "./param-tree.ts";
import { decodeFieldText } from "./text.ts";

/** Levels of brackets in a name; deeper ones are left out, as PHP does. The length of a URL limits the rest. */
const MAX_NESTING = 10;

/** The parameters in a query string (without its "?"), by the same rules as an urlencoded body's. Never throws. */
export function parseQuery(query: string): Record<string, unknown> {
  const tree = new ParamTree({ fields: Number.POSITIVE_INFINITY, nesting: MAX_NESTING });
  for (const field of query.split("&")) {
    const equals = field.indexOf("=");
    const path = parseFieldName(decode(equals === -1 ? field : field.slice(0, equals)));
    if (path !== undefined && path.keys.length <= MAX_NESTING) tree.set(path, equals === -1 ? "" : decode(field.slice(equals + 1)));
  }
  return tree.toParams();
}

function decode(text: string): string {
  return decodeFieldText(decodeFormBytes(Buffer.from(text)));
}
