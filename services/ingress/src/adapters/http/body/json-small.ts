import { FORBIDDEN_KEY } from "./param-tree.ts";

const BYTE_ORDER_MARK = 0xfeff;

/**
 * The parameters in a small JSON document, or undefined when it is not JSON, holds attachments, or exceeds a limit:
 * then it must be read in the ordinary way, which answers the same or says what is wrong.
 */
export function parseSmallDocument(text: string, limits: { fields: number; nesting: number }): Record<string, unknown> | undefined {
  const document = parse(text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text);
  if (typeof document !== "object" || document === null || Array.isArray(document) || Object.hasOwn(document, "attachments")) return undefined;
  const budget = { fields: limits.fields };
  const params = copyRecord(document, limits.nesting, budget);
  return budget.fields < 0 ? undefined : params;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Copies without prototypes. Beyond the limits `budget.fields` is negative, and the copy is worthless. */
function copyRecord(record: object, nesting: number, budget: { fields: number }): Record<string, unknown> {
  const copy: Record<string, unknown> = Object.create(null);
  for (const [key, value] of Object.entries(record)) {
    const copied = copyValue(value, nesting, budget);
    if (budget.fields < 0) break;
    if (key !== FORBIDDEN_KEY) copy[key] = copied;
  }
  return copy;
}

function copyValue(value: unknown, nesting: number, budget: { fields: number }): unknown {
  budget.fields--;
  if (typeof value !== "object" || value === null) return value;
  if (nesting === 0) budget.fields = -1;
  if (budget.fields < 0) return undefined;
  return Array.isArray(value) ? value.map((inner) => copyValue(inner, nesting - 1, budget)) : copyRecord(value, nesting - 1, budget);
}
