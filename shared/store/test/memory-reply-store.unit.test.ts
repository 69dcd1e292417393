import type { TicketRecord } from "@openticket/contract";
import { makeMemoryReplyStore, makeMemoryTicketStore } from "../src/index.ts";
import { replyStoreSuite } from "./testkit/reply-store.suite.ts";

replyStoreSuite(async () => {
  const tickets = new Map<string, TicketRecord>();
  const numbers = { tid: (id: number) => String(id), accessCode: () => "code" };
  return { tickets: makeMemoryTicketStore({ numbers, tickets }), replies: makeMemoryReplyStore({ tickets }) };
});
