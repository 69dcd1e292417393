import { MalformedBody } from "./errors.ts";
import type { FieldPath } from "./field-name.ts";

/** A key that some code would take for more than a key. No parameter is called so, and it is dropped wherever it stands. */
export const FORBIDDEN_KEY = "__proto__";

/** Decimal numbers as PHP takes them for list positions: no leading zeros, no sign. */
const POSITION = /^(0|[1-9]\d{0,14})$/;

/** The place of a key in a list, or undefined for a key that is a name. */
export function listPosition(key: string): number | undefined {
  return POSITION.test(key) ? Number(key) : undefined;
}

/** What is behind one name with brackets: values by key, in order of arrival, and the number that `[]` takes next. */
class Branch {
  readonly entries = new Map<string, string | Branch>();
  #nextPosition = 0;

  keyFor(key: string): string {
    const position = key === "" ? this.#nextPosition : listPosition(key);
    if (position === undefined) return key;
    this.#nextPosition = Math.max(this.#nextPosition, position + 1);
    return String(position);
  }
}

/** The fields of a form as PHP would nest them; a later field replaces an earlier one of the same name. */
export class ParamTree {
  readonly #root = new Branch();
  readonly #maxFields: number;
  readonly #maxNesting: number;
  #fields = 0;

  constructor(limits: { fields: number; nesting: number }) {
    this.#maxFields = limits.fields;
    this.#maxNesting = limits.nesting;
  }

  /** Counts a field in, whether or not it is going to be set. Throws MalformedBody beyond the limits. */
  admit({ keys }: FieldPath): void {
    if (++this.#fields > this.#maxFields) throw new MalformedBody(`the body has more than ${this.#maxFields} fields`);
    if (keys.length > this.#maxNesting) throw new MalformedBody(`a field's name nests deeper than ${this.#maxNesting} levels`);
  }

  set({ root, keys }: FieldPath, text: string): void {
    if (root === FORBIDDEN_KEY || keys.includes(FORBIDDEN_KEY)) return;
    let branch = this.#root;
    let name = root;
    for (const key of keys) {
      const known = branch.entries.get(name);
      const next = known instanceof Branch ? known : new Branch();
      if (next !== known) branch.entries.set(name, next);
      branch = next;
      name = next.keyFor(key);
    }
    branch.entries.set(name, text);
  }

  /** The parameters so far, without prototypes: no name of a caller's meets one of the language's. */
  toParams(): Record<string, unknown> {
    return toRecord(this.#root);
  }
}

function toRecord(branch: Branch): Record<string, unknown> {
  const record: Record<string, unknown> = Object.create(null);
  for (const [key, value] of branch.entries) record[key] = value instanceof Branch ? toValue(value) : value;
  return record;
}

/** A list where the keys are 0, 1, 2 … in order, as PHP's own JSON encoder decides it. */
function toValue(branch: Branch): unknown {
  let position = 0;
  for (const key of branch.entries.keys()) if (key !== String(position++)) return toRecord(branch);
  return Array.from(branch.entries.values(), (value) => (value instanceof Branch ? toValue(value) : value));
}
