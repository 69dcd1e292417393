import { EVENT_TEXT_LENGTH } from "@openticket/contract";
import { expect, it } from "vitest";
import { makeAbridger } from "../src/abridge.ts";
import { ticketOpened } from "../src/events-out/event-body.ts";
import { config, owed, ticket, written } from "./notify/build.ts";

const MAIL_SHOWS = 11_000;
const abridge = makeAbridger(MAIL_SHOWS);
const OPENED = { id: "evt_1", type: "ticket.opened", at: new Date("2026-03-04T05:06:07Z") } as const;

it("what has no more text than deliveries show stays the very same", () => {
  const record = ticket({ message: "x".repeat(MAIL_SHOWS + 1) });
  expect(abridge(record)).toBe(record);
});

it("of a long message one character more is kept than is shown, and how long it was; of a mail's whole text nothing", () => {
  const { message, messageLength } = abridge(ticket({ message: "x".repeat(1_000_000) }));
  expect([message.length, messageLength]).toEqual([MAIL_SHOWS + 1, 1_000_000]);
  expect(abridge(ticket({ message: "short", fullText: "and long" }))).toEqual({ ...ticket({ message: "short" }), messageLength: 5 });
});

const before = (length: number, text: string) => `${"x".repeat(length)}${text}`;

it.each([
  ["as long as a mail shows", before(MAIL_SHOWS, "")],
  ["one character longer", before(MAIL_SHOWS, "y")],
  ["two characters longer", before(MAIL_SHOWS, "yz")],
  ["with a pair where a mail ends", before(MAIL_SHOWS - 1, "👩 and more")],
  ["with a pair where what is kept ends", before(MAIL_SHOWS, "👩 and more")],
  ["with half a pair where a mail ends", before(MAIL_SHOWS - 1, "\ud800 and more")],
  ["with half a pair where what is kept ends", before(MAIL_SHOWS, "\ud800 and more")],
  ["of pairs alone", "👩".repeat(MAIL_SHOWS)],
  ["as long as an event shows", before(EVENT_TEXT_LENGTH, "")],
  ["longer than an event shows", before(EVENT_TEXT_LENGTH - 1, "👩 and more")],
])("mail and event are the same as of the whole message: one %s", async (_, message) => {
  for (const shown of [MAIL_SHOWS, 1000]) {
    const settings = { config: config({ MAIL_MESSAGE_MAX_CHARS: String(shown) }) };
    const [whole, abridged] = [ticket({ message }), makeAbridger(shown)(ticket({ message }))];
    expect((await written(abridged, owed(), settings)).source).toBe((await written(whole, owed(), settings)).source);
    expect(ticketOpened(abridged, OPENED)).toEqual(ticketOpened(whole, OPENED));
  }
});
