import { makeLogger, makeMetrics } from "@openticket/runtime";
import { describe, expect, it } from "vitest";
import { type DialogueOptions, makeDialogue } from "../../../src/adapters/email/dialogue.ts";
import { makePeerLimits } from "../../../src/adapters/email/peer-limits.ts";
import { Overloaded } from "../../../src/intake/gate.ts";

const options: DialogueOptions = { protocol: "smtp", maxBytes: 1000, maxHops: 10, sessionTimeoutMs: 60_000, timeoutMs: 60_000, minBytesPerSecond: 0 };
const unused = async () => {
  throw new Error("not for this test");
};

/** A dialogue that only greets, for peers that may have one connection each. */
function makeGreeter(gate: () => Promise<void>) {
  const limits = makePeerLimits(
    { connections: 1, connectionsPerMinute: 0, messagesPerMinute: 0, failedLoginsPerMinute: 0 },
    { isExempt: () => false, nowMs: () => 0 },
  );
  const deps = {
    blobs: { put: unused },
    inbound: { accept: unused, find: unused },
    mailboxes: { find: unused, all: unused },
    credentials: { credential: unused, admin: unused },
    submit: unused,
    sameMail: "shared" as const,
    now: () => new Date(0),
    onNotEnqueued: () => undefined,
    gate,
    verifySecret: unused,
    isAllowedFrom: () => true,
    limits,
    isOutage: () => false,
    logger: makeLogger({ name: "test", level: "silent" }),
    metrics: makeMetrics(),
  };
  return { limits, dialogue: makeDialogue(options, deps, () => undefined) };
}

const peer = (id: string) => ({ id, remoteAddress: "192.0.2.7" });

describe("a peer counts as connected", () => {
  it("no longer than it is, though it leaves before the door has made up its mind", async () => {
    let open = () => {};
    const { dialogue, limits } = makeGreeter(() => new Promise((resolve) => (open = resolve)));
    const connecting = dialogue.connected(peer("first"));
    expect(limits.open()).toBe(1);
    dialogue.closed(peer("first"));
    open();
    await connecting;
    expect(limits.open()).toBe(0);
    const again = dialogue.connected(peer("second"));
    open();
    await again;
    dialogue.closed(peer("second"));
    expect(limits.open()).toBe(0);
  });

  it("not when the door takes nothing", async () => {
    const { dialogue, limits } = makeGreeter(async () => {
      throw new Overloaded("the store does not answer");
    });
    await expect(dialogue.connected(peer("refused"))).rejects.toMatchObject({ status: "4.3.2" });
    expect(limits.open()).toBe(0);
    dialogue.closed(peer("refused"));
    expect(limits.open()).toBe(0);
  });
});
