import type { InboundRecord } from "@openticket/contract";
import { describe, expect, it } from "vitest";
import { decideEvent } from "../../src/events/decide-event.ts";
import type { EventDeps } from "../../src/events/ports.ts";
import { makeRoomForMessages } from "../../src/mail/raw-message.ts";

const unused = async () => {
  throw new Error("not for this test");
};

/** What decides about events none of which is wanted, with its steps in their order. */
function start(steps: string[], room: EventDeps["room"]): EventDeps {
  return {
    sources: { find: async () => ({ _id: "alerts", kind: "json", mapping: { ticket: {} }, defaults: {} }) },
    rulesOf: ({ mapping }) => ({ mapping, correlation: undefined }),
    room,
    async readBody({ sha256 }) {
      steps.push(`${sha256} loaded`);
      return new Uint8Array();
    },
    reader: {
      async read({ receivedAt }) {
        steps.push(`${receivedAt.slice(0, 4)} mapped`);
        return { kind: "unwanted" };
      },
    },
    inbound: { settleBelonging: unused },
    correlations: { claim: unused, startOver: unused, findResolved: unused },
    tickets: { findByIdentity: unused, hear: unused },
    wantsStatus: () => false,
    faultOf: unused,
    openTicket: unused,
  };
}

const event = (year: string, size: number): InboundRecord => ({
  _id: `inb_${year}`,
  requestId: `req_${year}`,
  mailbox: "webhook:alerts",
  source: { door: "webhook", envelopeTo: [], webhook: { source: "alerts", kind: "json", body: { sha256: year, size } } },
  raw: { sha256: year, size },
  receivedAt: new Date(`${year}-01-01`),
  state: "stored",
  trace: [],
  repetitions: 0,
  checkAt: new Date(0),
});

describe("events", () => {
  it("are loaded when there is room for them beside others, and hold it until they are mapped", async () => {
    const steps: string[] = [];
    const room = makeRoomForMessages(100);
    let leave = () => {};
    const mail = room(90, () => new Promise<void>((resolve) => (leave = resolve)));
    const deps = start(steps, room);
    const decided = [decideEvent(event("2001", 60), deps), decideEvent(event("2002", 60), deps)];
    await new Promise(setImmediate);
    expect(steps).toEqual([]);
    leave();
    await Promise.all([mail, ...decided]);
    expect(steps).toEqual(["2001 loaded", "2001 mapped", "2002 loaded", "2002 mapped"]);
  });
});
