import { randomBytes } from "node:crypto";

/** Message text that makes a whole command about 1 kB of JSON. */
const MESSAGE = "The quick brown fox jumps over the lazy dog, and the printer is on fire again. ".repeat(8);

/** A department without staff, so that no mails are owed. */
export const BENCH_DEPARTMENT = 900;
/** A department that answers each opener by mail. */
export const MAILING_DEPARTMENT = 901;

/** Parameters of a valid ticket of a guest that causes no mail. */
export function sampleTicket() {
  return {
    deptid: BENCH_DEPARTMENT,
    subject: "A ticket of a benchmark",
    message: MESSAGE,
    name: "Ada Lovelace",
    email: "ada@example.test",
    priority: "Medium",
    noemail: true,
  };
}

/** A command around it, as the doors write it. */
export function sampleCommand(replyTo?: string, ticket: object = sampleTicket()) {
  return {
    v: 1,
    requestId: `req_${randomBytes(16).toString("hex")}`,
    source: { channel: "bench" },
    receivedAt: new Date().toISOString(),
    ...(replyTo !== undefined && { replyTo: { queue: replyTo } }),
    ticket,
  };
}
