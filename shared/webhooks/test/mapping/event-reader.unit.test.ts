import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { EventCorrelation } from "@openticket/contract";
import { afterAll, describe, expect, it } from "vitest";
import type { EventTask } from "../../src/mapping/event-messages.ts";
import { EventsWait, makeEventReader } from "../../src/mapping/event-reader.ts";

const reader = makeEventReader({ processes: 1, timeoutMs: 300 });
afterAll(() => reader.close());

function task(subject: string, more: Partial<EventTask> & { event?: unknown } = {}): EventTask {
  const { event = { a: 1, text: `${"a".repeat(40)}!`, list: [1, 2] }, ...rest } = more;
  return {
    body: new TextEncoder().encode(JSON.stringify(event)),
    headers: { "x-event": "push" },
    source: "shop",
    kind: "json",
    receivedAt: "2026-11-01T12:00:00.000Z",
    mapping: { ticket: { subject, message: '"m"' } },
    ...rest,
  };
}
const subjectOf = async (expression: string) => {
  const reading = await reader.read(task(expression));
  return reading.kind === "mapped" ? reading.params?.subject : reading;
};
const correlation: EventCorrelation = { key: "a", windowSeconds: 60, onResolved: "close", afterResolved: "reopen" };

describe("expressions over an event", () => {
  it("see its body, and what is known beside it", async () => {
    expect(await subjectOf("$string(a) & $headers.`x-event` & $source & $kind & $receivedAt")).toBe("1pushshopjson2026-11-01T12:00:00.000Z");
  });

  it("leave a parameter out by yielding nothing", async () => {
    expect(await reader.read(task("missing"))).toEqual({ kind: "mapped", isResolved: false, params: { message: "m" } });
  });

  it("want an event only when they say true", async () => {
    const when = (expression: string) => reader.read(task("a", { mapping: { when: expression, ticket: { subject: '"s"', message: '"m"' } } }));
    expect(await when("a = 1")).toMatchObject({ kind: "mapped" });
    for (const no of ["a = 2", "missing", "text"]) expect(await when(no)).toEqual({ kind: "unwanted" });
  });

  it("correlate by any value, and not by nothing", async () => {
    const keyOf = async (key: string) => Reflect.get(await reader.read(task("a", { correlation: { ...correlation, key } })), "key");
    expect(await keyOf("a")).toBe("1");
    expect(await keyOf("list")).toBe("[1,2]");
    expect(await keyOf("source")).toBeUndefined();
    expect(await keyOf('""')).toBeUndefined();
    expect(await keyOf("null")).toBeUndefined();
  });

  it.each([
    ["when", 1_793_534_400, "2026-11-01T12:00:00.000Z"],
    ["when", 1_793_534_400_250, "2026-11-01T12:00:00.250Z"],
    ["when", "2026-11-01T13:00:00+01:00", "2026-11-01T12:00:00.000Z"],
    ["when", "2026-11-01 12:00:00 UTC", "2026-11-01T12:00:00.000Z"],
    ["when", "2026-11-01T12:00:00.123456Z", "2026-11-01T12:00:00.123Z"],
    ["when", "2026-11-01T12:00:00", undefined],
    ["when", "2026-11-01", undefined],
    ["when", "2026-13-01T12:00:00Z", undefined],
    ["when", "yesterday", undefined],
    ["when", 0, undefined],
    ["$number(when)", "8640000000000000", "+275760-09-13T00:00:00.000Z"],
    ["$number(when)", "1793534400250000000", undefined],
    ["when", null, undefined],
    ["missing", 1, undefined],
  ])("say when it happened, by a whole instant alone: %s of %j", async (happenedAt, when, instant) => {
    const reading = await reader.read(task("'s'", { event: { a: 1, when }, correlation: { ...correlation, happenedAt } }));
    expect(reading).toEqual({ kind: "mapped", isResolved: false, key: "1", params: expect.anything(), ...(instant && { happenedAt: Date.parse(instant) }) });
  });

  it("are not asked for a ticket by an event that says it is over", async () => {
    expect(await reader.read(task("$error('asked')", { correlation: { ...correlation, resolved: "a = 1" } }))).toEqual({
      kind: "mapped",
      isResolved: true,
      key: "1",
    });
  });

  it("tell two long numbers apart", async () => {
    const keyOf = async (id: string) => {
      const body = new TextEncoder().encode(`{"id":${id}}`);
      return Reflect.get(await reader.read(task("id", { body, correlation: { ...correlation, key: '"order " & id' } })), "key");
    };
    for (const id of ["9007199254740993", "9007199254740992", "123456789012345", "1700000000000000001"]) expect(await keyOf(id)).toBe(`order ${id}`);
  });

  it("have the base64 of the language", async () => {
    expect(await subjectOf("$base64decode($base64encode('abc'))")).toBe("abc");
  });

  it("fail with their place and reason", async () => {
    expect(await subjectOf("$number(text)")).toEqual({
      kind: "unmappable",
      path: "mapping.ticket.subject",
      because: expect.stringMatching(/number.*at character \d+/),
    });
  });

  it("find nothing that an event left behind", async () => {
    await reader.read(task("$ ~> |$|{'constructor': 1}|", { event: { constructor: { x: 1 } } }));
    expect(await subjectOf("$exists(x)")).toBe(false);
  });
});

describe("expressions reach nothing", () => {
  it.each([
    "$.constructor.constructor('return process')()",
    "$constructor('return process')()",
    "list.constructor",
    "$string.constructor('return 1')",
    "$eval('$.constructor')",
    "process",
    "$require('fs')",
    "globalThis",
  ])("%s", async (expression) => {
    const found = await subjectOf(expression);
    expect(found === undefined || (typeof found === "object" && Reflect.get(Object(found), "kind") === "unmappable")).toBe(true);
  });
});

describe("an expression that exhausts", () => {
  const goesOn = async () => expect(await subjectOf("a")).toBe(1);

  it.each([
    ["time, by a regular expression", "$match(text, /^(a+)+$/)"],
    ["time, by calling itself for ever", "($f := function($x) { $f($x + 1) }; $f(1))"],
    ["time or memory, by a list", "[1..9999999] ~> $map(function($n) { [1..1000] })"],
  ])("%s ends alone, and says why", async (_what, expression) => {
    const [spent, other] = await Promise.all([reader.read(task(expression)), reader.read(task("a"))]);
    expect(spent).toEqual({ kind: "spent", because: expect.stringMatching(/longer than 300 ms|more than 96 MB/) });
    expect(other).toMatchObject({ kind: "mapped" });
    await goesOn();
  });

  it("memory ends alone, and says why", async () => {
    const patient = makeEventReader({ processes: 1, timeoutMs: 20_000, maxMemoryMb: 32 });
    const expression = "($f := function($list) { $f($append($list, $list)) }; $f([1..1000]))";
    expect(await patient.read(task(expression))).toEqual({
      kind: "spent",
      because: expect.stringContaining("it needed more than 32 MB of memory for its expressions"),
    });
    expect(await patient.read(task("a"))).toMatchObject({ kind: "mapped" });
    await patient.close();
  });

  it("memory with one large value ends alone too, though V8 then gives up its whole process", async () => {
    const patient = makeEventReader({ processes: 1, timeoutMs: 20_000, maxMemoryMb: 32 });
    const [spent, other] = await Promise.all([patient.read(task("[1..9999999].[1..10]")), patient.read(task("a"))]);
    expect(spent).toEqual({ kind: "spent", because: expect.stringContaining("so that their process ended") });
    expect(other).toMatchObject({ kind: "mapped" });
    await patient.close();
  });

  it("the stack says so", async () => {
    expect(await subjectOf("($f := function($x) { 1 + $f($x) }; $f(1))")).toEqual({
      kind: "unmappable",
      path: "mapping.ticket.subject",
      because: expect.stringMatching(/recursive/i),
    });
    await goesOn();
  });

  it("the length of a value says so", async () => {
    expect(await subjectOf('$pad("", 1000001)')).toEqual({
      kind: "unmappable",
      path: "mapping.ticket.subject",
      because: "its value has more than 1000000 characters",
    });
    const ticket = Object.fromEntries(["subject", "message", "name"].map((name) => [name, '$pad("", 900000)']));
    expect(await reader.read(task("a", { mapping: { ticket } }))).toMatchObject({ kind: "unmappable", because: expect.stringContaining("together") });
  });

  it("the length of a key says so", async () => {
    expect(await reader.read(task("a", { correlation: { ...correlation, key: '$pad("", 3000)' } }))).toMatchObject({
      kind: "unmappable",
      path: "correlation.key",
    });
  });
});

it("events of one source without end do not hold up another's", async () => {
  const two = makeEventReader({ processes: 2, timeoutMs: 2000 });
  const endless = [1, 2, 3].map(() => two.read(task("($f := function($x) { $f($x + 1) }; $f(1))")));
  const first = Promise.race(endless).catch((error: Error) => error.message);
  const other = two.read(task("a", { source: "another" }));
  expect(await Promise.race([first, other])).toMatchObject({ kind: "mapped" });
  const all = Promise.allSettled(endless);
  await two.close();
  expect((await all).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
});

it("events of a source that was slow are put back when many of them wait, and taken again once it is quick", async () => {
  const one = makeEventReader({ processes: 1, timeoutMs: 100 });
  expect(await one.read(task("($f := function($x) { $f($x + 1) }; $f(1))"))).toMatchObject({ kind: "spent" });
  const burst = () => Promise.allSettled(Array.from({ length: 30 }, () => one.read(task("a"))));
  const putBack = (await burst()).flatMap((read) => (read.status === "rejected" ? [read.reason] : []));
  expect(putBack).toHaveLength(9);
  for (const reason of putBack) expect(reason).toBeInstanceOf(EventsWait);
  expect((await burst()).map(({ status }) => status)).not.toContain("rejected");
  await one.close();
});

it.each([
  ["is closed", "await reader.close()"],
  ["has nothing to do", ""],
])("a process whose reader %s ends by itself", async (_what, last) => {
  const module = new URL("../../src/mapping/event-reader.ts", import.meta.url).href;
  const event = JSON.stringify({ ...task("a"), body: [...task("a").body] });
  const program = `const { makeEventReader } = await import(${JSON.stringify(module)});
    const reader = makeEventReader({ processes: 1, timeoutMs: 5000 });
    const event = ${event};
    console.log((await reader.read({ ...event, body: Uint8Array.from(event.body) })).kind);
    ${last}`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], { timeout: 20_000 });
  expect(stdout).toBe("mapped\n");
});

it("a reader that is closed takes nothing more", async () => {
  const closed = makeEventReader();
  await closed.close();
  await expect(closed.read(task("a"))).rejects.toThrow("closed");
});
