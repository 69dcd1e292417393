import type { Random } from "../random.ts";

/** Values where another kind of value was. */
const VALUES: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    1e308,
    1.5,
    "",
    " ",
    "\u0000",
    "\ud800",
    "x".repeat(5000),
    [],
    {},
    [[]],
    [null],
    { a: { b: { c: [] } } },
    "resolved",
    "firing",
    "closed",
  ],
  ...[
    JSON.parse('{"__proto__":{"a":1},"constructor":1,"toString":2}'),
    "2026-11-26T12:00:00Z",
    "$",
    "*",
    "<b>x</b>",
    Array.from({ length: 300 }, (_, n) => n),
    "999999999999999999999",
  ],
];
const MOST_CHANGES = 4;
const DEEP = 500;

/** The text of an event made from a genuine one by a few changes of its values; the same key may stand there twice. */
export function mutateEvent(event: unknown, other: unknown, random: Random): string {
  let mutant = event;
  for (let count = 1 + random.below(MOST_CHANGES); count > 0; count -= 1) mutant = changed(mutant, other, random);
  const text = JSON.stringify(mutant) ?? "null";
  return random.below(10) === 0 ? text.replace(/"(\w+)":/, (key) => `${key}${JSON.stringify(random.of(VALUES))},${key}`) : text;
}

/** Goes down a random way and changes what is there. */
function changed(value: unknown, other: unknown, random: Random): unknown {
  const keys = typeof value === "object" && value !== null ? Object.keys(value) : [];
  if (keys.length === 0 || random.below(4) === 0) return replacement(value, other, random);
  const key = random.of(keys);
  const inner: unknown = Reflect.get(Object(value), key);
  if (Array.isArray(value)) return value.map((item, index) => (String(index) === key ? changed(item, other, random) : item));
  const { [key]: _left, ...rest } = Object(value);
  return random.below(8) === 0 ? rest : { ...Object(value), [key]: changed(inner, other, random) };
}

function replacement(value: unknown, other: unknown, random: Random): unknown {
  const nested = () => {
    let deep: unknown = value;
    for (let depth = 0; depth < DEEP; depth += 1) deep = depth % 2 === 0 ? [deep] : { a: deep };
    return deep;
  };
  const choices = [() => random.of(VALUES), () => random.of(VALUES), () => other, () => [value, value], () => ({ value }), () => JSON.stringify(value)];
  return random.below(40) === 0 ? nested() : random.of(choices)();
}
