import { randomBytes } from "node:crypto";
import type { OpenTicketCommand, OpenTicketResult } from "@openticket/contract";

/** A command that a worker would open; `overrides` shows what matters to the test. */
export function aCommand(overrides: Partial<OpenTicketCommand> = {}): OpenTicketCommand {
  return {
    v: 1,
    requestId: `req_${randomBytes(16).toString("hex")}`,
    source: { channel: "sdk" },
    receivedAt: "2030-01-01T00:00:00.000Z",
    ticket: { deptid: 1, subject: "Broken", message: "It is broken", name: "Ada", email: "ada@example.test" },
    ...overrides,
  };
}

/** The success that belongs to a command. */
export function successOf({ requestId, correlationId }: Pick<OpenTicketCommand, "requestId" | "correlationId">, id = 1): OpenTicketResult {
  return { requestId, ...(correlationId !== undefined && { correlationId }), result: "success", id, tid: `T-${id}`, c: "aB3dE6gH" };
}
