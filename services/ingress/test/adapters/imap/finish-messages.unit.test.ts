import { expect, it } from "vitest";
import { finishMessages } from "../../../src/adapters/imap/finish-messages.ts";

interface Server {
  capabilities: string[];
  /** Commands that it refuses. */
  refuses?: string[];
  /** UIDs that carry the mark of the deleted. */
  marked?: number[];
}

/** A server that says yes to all else; `asked` is what it was asked. */
function server({ capabilities, refuses = [], marked = [] }: Server) {
  const asked: string[] = [];
  const answer = (command: string) => {
    asked.push(command);
    return !refuses.includes(command.split(" ")[0] ?? "");
  };
  const copied = { path: "INBOX", destination: "Done" };
  const client = {
    usable: true,
    capabilities: new Map(capabilities.map((name) => [name, true] as const)),
    messageFlagsAdd: async (uids: unknown, flags: string[]) => answer(`store ${uids} ${flags}`),
    messageMove: async (uids: unknown) => (answer(`move ${uids}`) ? copied : (false as const)),
    messageCopy: async (uids: unknown) => (answer(`copy ${uids}`) ? copied : (false as const)),
    messageDelete: async (uids: unknown) => answer(`expunge ${uids}`),
    mailboxCreate: async () => ({ path: "Done", created: answer("create") }),
    search: async () => marked,
  };
  return { client: client as never, asked };
}
const move = { kind: "move", folder: "Done" } as const;

it("moves", async () => {
  const { client, asked } = server({ capabilities: ["MOVE", "UIDPLUS"] });
  expect(await finishMessages(client, "1,2", move)).toBe(true);
  expect(asked).toEqual(["move 1,2"]);
});

it("a server that refuses to move gets the folder, and then a copy", async () => {
  const { client, asked } = server({ capabilities: ["MOVE", "UIDPLUS"], refuses: ["move"] });
  expect(await finishMessages(client, "1,2", move)).toBe(true);
  expect(asked).toEqual(["move 1,2", "create", "move 1,2", "copy 1,2", "store 1,2 \\Deleted", "expunge 1,2"]);
});

it("what could not be copied is not deleted", async () => {
  const { client, asked } = server({ capabilities: ["UIDPLUS"], refuses: ["copy"] });
  expect(await finishMessages(client, "1,2", move)).toBe(false);
  expect(asked).toEqual(["create", "copy 1,2"]);
});

it("without UIDPLUS nothing is expunged while others carry the mark", async () => {
  const { client, asked } = server({ capabilities: [], marked: [1, 2, 7] });
  expect(await finishMessages(client, "1,2", { kind: "delete" })).toBe(true);
  expect(asked).toEqual(["store 1,2 \\Deleted"]);
});

it("without UIDPLUS it is expunged when nothing else carries the mark", async () => {
  const { client, asked } = server({ capabilities: [], marked: [1, 2] });
  expect(await finishMessages(client, "1,2", { kind: "delete" })).toBe(true);
  expect(asked).toEqual(["store 1,2 \\Deleted", "expunge 1,2"]);
});

it("leaves", async () => {
  const { client, asked } = server({ capabilities: [] });
  expect(await finishMessages(client, "1", { kind: "leave" })).toBe(true);
  expect(asked).toEqual([]);
});
