import type { WebhookEndpoint } from "@openticket/contract";
import { makeLogger } from "@openticket/runtime";
import { afterEach, describe, expect, it } from "vitest";
import { type Interest, startInterest } from "../../src/events-out/interest.ts";

const AT = new Date("2026-01-01T00:00:00Z");
const endpoint = (name: string, more: Partial<WebhookEndpoint> = {}): WebhookEndpoint => ({
  _id: name,
  url: "https://crm.example.com/",
  events: ["ticket.opened"],
  secrets: [],
  isEnabled: true,
  maxInFlight: 5,
  timeoutMs: 15_000,
  createdAt: AT,
  updatedAt: AT,
  ...more,
});

let interest: Interest | undefined;
afterEach(() => interest?.close());

async function start(load: () => Promise<WebhookEndpoint[]>): Promise<Interest> {
  interest = await startInterest({ load, random: () => 0, logger: makeLogger({ name: "test", level: "silent" }) });
  return interest;
}
const names = (found: readonly WebhookEndpoint[]) => found.map(({ _id }) => _id);

describe("who wants to hear of what", () => {
  it("is nobody without endpoints, and none that is disabled or was stopped", async () => {
    const off = endpoint("off", { isEnabled: false });
    const stopped = endpoint("stopped", { disabled: { at: AT, reason: "410" } });
    const { wants, recipients, active } = await start(async () => [off, stopped]);
    expect([wants("ticket.opened"), recipients("ticket.opened", 1), active()]).toEqual([false, [], []]);
  });

  it("is told by type and department; what names no department is for those without a filter alone", async () => {
    const { wants, recipients } = await start(async () => [
      endpoint("all", { events: ["ticket.opened", "request.rejected"] }),
      endpoint("sales", { events: ["ticket.opened", "request.rejected"], deptids: [2, 3] }),
      endpoint("other", { events: ["ticket.reply.added"] }),
    ]);
    expect([wants("ticket.opened"), wants("ticket.status.changed")]).toEqual([true, false]);
    expect(names(recipients("ticket.opened", 2))).toEqual(["all", "sales"]);
    expect(names(recipients("ticket.opened", 1))).toEqual(["all"]);
    expect(names(recipients("request.rejected", undefined))).toEqual(["all"]);
  });

  it("follows the store, and holds what it knew while that is away", async () => {
    let load = async () => [endpoint("a")];
    const { wants, refresh } = await start(() => load());
    load = () => Promise.reject(new Error("no primary"));
    await expect(refresh()).rejects.toThrow(/no primary/);
    expect(wants("ticket.opened")).toBe(true);
    load = async () => [];
    await refresh();
    expect(wants("ticket.opened")).toBe(false);
  });

  it("is what the latest question was answered, whichever answer comes last", async () => {
    let load = async () => [endpoint("a")];
    const { active, refresh } = await start(() => load());
    let answer = (_: WebhookEndpoint[]) => {};
    load = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const older = refresh();
    load = async () => [];
    await refresh();
    answer([endpoint("a")]);
    await older;
    expect(active()).toEqual([]);
  });
});
