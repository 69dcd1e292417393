import { describe, expect, it } from "vitest";
import { describeCalendar } from "../../src/text/calendar.ts";

const ics = (...lines: string[]) => ["BEGIN:VCALENDAR", ...lines, "END:VCALENDAR"].join("\r\n");
const event = (...lines: string[]) => ["BEGIN:VEVENT", ...lines, "END:VEVENT"];

describe("an invitation in words", () => {
  it("says what, when, where and by whom", () => {
    const invitation = ics(
      "METHOD:REQUEST",
      "BEGIN:VTIMEZONE",
      "TZID:Europe/Berlin",
      "BEGIN:STANDARD",
      "DTSTART:16010101T030000",
      "END:STANDARD",
      "END:VTIMEZONE",
      ...event(
        'ORGANIZER;CN="Lee, Ann":mailto:ann@e.test',
        "SUMMARY;LANGUAGE=en:Printer\\, old",
        "DTSTART;TZID=Europe/Berlin:20250505T100000",
        "DTEND:20250505T090000Z",
        "LOCATION:Room 12",
        "DESCRIPTION:First line\\nsecond li",
        " ne",
        "BEGIN:VALARM",
        "DESCRIPTION:REMINDER",
        "END:VALARM",
      ),
    );
    expect(describeCalendar(invitation).split("\n")).toEqual([
      "Invitation",
      "Event: Printer, old",
      "Start: 2025-05-05 10:00 (Europe/Berlin)",
      "End: 2025-05-05 09:00 UTC",
      "Where: Room 12",
      "Organiser: Lee, Ann <ann@e.test>",
      "Description: First line",
      "second line",
    ]);
  });

  it("says who answered what", () => {
    const answer = ics("METHOD:REPLY", ...event("SUMMARY:Printer", "DTSTART;VALUE=DATE:20250505", "ATTENDEE;PARTSTAT=DECLINED;CN=Bob:MAILTO:bob@e.test"));
    expect(describeCalendar(answer)).toBe("Answer to an invitation\nEvent: Printer\nStart: 2025-05-05\nAnswer: Bob <bob@e.test> declined");
  });

  it("tells of an event that is cut off", () => {
    expect(describeCalendar("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Printer\n")).toBe("Calendar entry\nEvent: Printer");
  });

  it.each(["", "hello", ics(), ics("METHOD:REQUEST"), "BEGIN:VEVENT:".repeat(1_000), "BEGIN:X\n".repeat(30_000)])("no event, no words: %#", (text) => {
    expect(describeCalendar(text)).toBe("");
  });
});
