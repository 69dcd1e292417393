import { makeMemoryRecords, makeMemoryReplyStore, makeMemoryTicketStore } from "../src/index.ts";
import { replyStoreSuite } from "./testkit/reply-store.suite.ts";

replyStoreSuite(async () => {
  const records = makeMemoryRecords();
  const numbers = { tid: (id: number) => String(id), accessCode: () => "code" };
  return { tickets: makeMemoryTicketStore({ numbers, records }), replies: makeMemoryReplyStore(records) };
});
