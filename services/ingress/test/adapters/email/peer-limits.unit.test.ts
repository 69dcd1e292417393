import { expect, it } from "vitest";
import { makePeerLimits, type PeerLimitOptions } from "../../../src/adapters/email/peer-limits.ts";

function limitsOf(options: Partial<PeerLimitOptions>) {
  let nowMs = 0;
  const any = { connections: 0, connectionsPerMinute: 0, messagesPerMinute: 0, failedLoginsPerMinute: 0 };
  const limits = makePeerLimits({ ...any, ...options }, { isExempt: (ip) => ip === "192.0.2.1", nowMs: () => nowMs });
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { ...limits, pass };
}

it("an address that is exempt, and a limit of 0, are no limit", () => {
  const { message } = limitsOf({ messagesPerMinute: 1 });
  expect([1, 2, 3].map(() => message("192.0.2.1"))).toEqual([true, true, true]);
  const { connect } = limitsOf({});
  expect([1, 2, 3].map(() => connect("192.0.2.2"))).toEqual([true, true, true]);
});

it("counts begin anew each minute", () => {
  const { message, pass } = limitsOf({ messagesPerMinute: 1 });
  expect([message("192.0.2.2"), message("192.0.2.2"), message("192.0.2.3")]).toEqual([true, false, true]);
  pass(60_000);
  expect(message("192.0.2.2")).toBe(true);
});

it.each([
  ["2001:db8::1", "2001:db8:0:0:ffff::2", true],
  ["2001:db8:0:1::1", "2001:DB8:0:0001::", true],
  ["::1", "::2", true],
  ["2001:db8:0:1::1", "2001:db8:0:2::1", false],
  ["192.0.2.2", "192.0.2.3", false],
])("%s and %s are one sender: %s", (first, second, isOne) => {
  const { message } = limitsOf({ messagesPerMinute: 1 });
  message(first);
  expect(message(second)).toBe(!isOne);
});

it("open connections are counted until they are closed; a refused one is not", () => {
  const { connect, disconnect, open } = limitsOf({ connections: 1 });
  expect([connect("192.0.2.2"), connect("192.0.2.2"), open()]).toEqual([true, false, 1]);
  disconnect("192.0.2.2");
  expect([open(), connect("192.0.2.2")]).toEqual([0, true]);
});

it("logins are tried until too many have failed", () => {
  const { mayLogIn, failLogin } = limitsOf({ failedLoginsPerMinute: 2 });
  for (const _ of [1, 2]) {
    expect(mayLogIn("192.0.2.2")).toBe(true);
    failLogin("192.0.2.2");
  }
  expect(mayLogIn("192.0.2.2")).toBe(false);
});
