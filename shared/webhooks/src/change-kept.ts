/** What is kept under a name, and was last changed at that time, which tells one state of it from the next. */
interface Kept {
  updatedAt: Date;
}

/** Where it is kept. */
export interface KeptStore<Thing extends Kept> {
  find(name: string): Promise<Thing | undefined>;
  /** Puts `next` in the place of the one that was read; false when that was changed or removed meanwhile. */
  replace(read: Thing, next: Thing): Promise<boolean>;
}

/** What it becomes. `secret`: a new one of it in clear, to be shown this once. */
export interface Change<Thing> {
  next: Thing;
  secret?: { id: string; secret: string };
}

/** Changes that are tried again when another one comes between. */
const MAX_TRIES = 3;

/**
 * Changes what is kept as it is now; once more where somebody else's change has come between. `make` says what it becomes, or
 * with a `kind` why it stays as it is. Throws on an outage.
 */
export async function changeKept<Thing extends Kept, Refusal extends { kind: string }>(
  name: string,
  { kept, now }: { kept: KeptStore<Thing>; now(): Date },
  make: (thing: Thing) => Change<Thing> | Refusal,
): Promise<({ kind: "done" } & Change<Thing>) | Refusal | { kind: "missing" | "conflict" }> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const before = await kept.find(name);
    if (!before) return { kind: "missing" };
    const made = make(before);
    if ("kind" in made) return made;
    const next = { ...made.next, updatedAt: later(before, now()) };
    if (await kept.replace(before, next)) return { ...made, kind: "done", next };
  }
  return { kind: "conflict" };
}

/** Two changes never have the same time. */
function later({ updatedAt }: Kept, now: Date): Date {
  return new Date(Math.max(now.getTime(), updatedAt.getTime() + 1));
}
