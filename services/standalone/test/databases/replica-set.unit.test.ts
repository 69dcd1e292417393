import { MongoNetworkError, MongoServerError } from "mongodb";
import { describe, expect, it } from "vitest";
import { type Admin, agreeOnHosts } from "../../src/databases/replica-set.ts";

const OLD = "127.0.0.1:27001";
const NEW = "127.0.0.1:27002";
const WANTED = { replicaSet: "openticket", hosts: [NEW], timeoutMs: 5000 };
const loading = () => new MongoServerError({ code: 94, message: "no replset config has been received" });
const hungUp = () => new MongoNetworkError("connection closed");

/** A member whose data holds that address, and which is not ready as often as there are faults. */
function memberOf({ host, faults = [] }: { host?: string; faults?: Error[] }): Admin & { changes: Record<string, unknown>[] } {
  const config = { _id: "openticket", version: 7, members: [{ _id: 0, host }] };
  const changes: Record<string, unknown>[] = [];
  return {
    changes,
    storedConfig: async () => (host === undefined ? undefined : config),
    async command(command) {
      const fault = faults.shift();
      if (fault) throw fault;
      if ("replSetGetConfig" in command) return { config };
      changes.push(command);
      return {};
    },
  };
}

const members = [{ _id: 0, host: NEW }];
const moved = { replSetReconfig: { _id: "openticket", version: 8, members }, force: true };

describe("the embedded replica set", () => {
  it("is made where there is none", async () => {
    const member = memberOf({});
    await agreeOnHosts(member, WANTED);
    expect(member.changes).toEqual([{ replSetInitiate: { _id: "openticket", members } }]);
  });

  it("is left alone while its address is the same", async () => {
    const member = memberOf({ host: NEW });
    await agreeOnHosts(member, WANTED);
    expect(member.changes).toEqual([]);
  });

  it("is given its new address", async () => {
    const member = memberOf({ host: OLD });
    await agreeOnHosts(member, WANTED);
    expect(member.changes).toEqual([moved]);
  });

  it("is not made anew while it is loading: it gets its new address as soon as it listens to it", async () => {
    const member = memberOf({ host: OLD, faults: [loading(), loading(), hungUp()] });
    await agreeOnHosts(member, WANTED);
    expect(member.changes).toEqual([moved]);
  });

  it("that never listens is a fault", async () => {
    const member = memberOf({ host: OLD, faults: Array.from({ length: 20 }, loading) });
    await expect(agreeOnHosts(member, { ...WANTED, timeoutMs: 100 })).rejects.toThrow("the replica set did not take its new address within 0.1 s");
  });

  it("that refuses its new address is a fault at once", async () => {
    const member = memberOf({ host: OLD, faults: [new MongoServerError({ code: 13, message: "not authorized" })] });
    await expect(agreeOnHosts(member, WANTED)).rejects.toThrow("not authorized");
  });
});
