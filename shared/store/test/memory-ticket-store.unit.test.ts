import { describe } from "vitest";
import { makeMemoryTicketStore } from "../src/index.ts";
import { ticketStoreSuite } from "./testkit/ticket-store.suite.ts";

describe("tickets in memory", () => {
  ticketStoreSuite(async (numbers = { tid: (id) => String(id) }) => makeMemoryTicketStore({ numbers: { ...numbers, accessCode: () => "code" } }));
});
