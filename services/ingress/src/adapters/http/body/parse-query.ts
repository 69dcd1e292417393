import { parseFieldName } from "./field-name.ts";
import { decodeFormBytes } from "./form-decoding.ts";
import type { BodyLimits } from "./limits.ts";
import { ParamTree } from "./param-tree.ts";
import { decodeFieldText, TextBudget } from "./text.ts";

export interface Query {
  params: Record<string, unknown>;
  /** Memory that they may take, bytes. */
  heldBytes: number;
}

/**
 * The parameters in a query string (without its "?"), by the same rules as an urlencoded body's, but that what goes beyond the
 * limits is left out, as PHP does. Never throws: the length of a URL limits the rest.
 */
export function parseQuery(query: string, { fields, nesting }: Pick<BodyLimits, "fields" | "nesting">): Query {
  const tree = new ParamTree({ fields, nesting });
  const budget = new TextBudget(Number.POSITIVE_INFINITY);
  for (const field of query.split("&", fields)) {
    const equals = field.indexOf("=");
    const path = parseFieldName(decode(equals === -1 ? field : field.slice(0, equals)));
    if (path === undefined || path.keys.length > nesting) continue;
    const text = equals === -1 ? "" : decode(field.slice(equals + 1));
    budget.noteName(path);
    budget.note(text.length);
    tree.set(path, text);
  }
  return { params: tree.toParams(), heldBytes: budget.heldBytes };
}

function decode(text: string): string {
  return decodeFieldText(decodeFormBytes(Buffer.from(text)));
}
