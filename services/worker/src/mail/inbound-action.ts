import type { Decision, InboundRecord } from "@openticket/contract";
import type { MailReader, UnderstoodMail } from "@openticket/mail";
import type { Metrics } from "@openticket/runtime";
import { type InboundAction, inboundJob, type TakenInbound } from "../inbound-job.ts";
import type { Authenticate } from "./auth/authenticate.ts";
import { type CarriedOut, type CarryDeps, carryOut, type InboundOutcome } from "./carry-out.ts";
import { decideMail } from "./decide/decide-mail.ts";
import type { MailDeps } from "./decide/ports.ts";
import { loadRaw, type RawMessages, type Room } from "./raw-message.ts";

/**
 * The job of a message that came in: load it, understand it in a thread, decide, carry it out, note the outcome.
 *
 * Safe to run again after a crash at any place: what was stored is found by the record's request id, effects are named
 * after the record, and the first outcome that is noted stands. A message that its reader cannot read, or that takes the
 * reader down, waits for an operator in quarantine; a fault of ours is thrown, and the consumer tries again.
 */
export interface InboundDeps extends CarryDeps {
  inbound: {
    find(id: string): Promise<InboundRecord | undefined>;
    decide(id: string, outcome: InboundOutcome): Promise<void>;
  };
  reader: Pick<MailReader, "read">;
  rawMessages: RawMessages;
  room: Room;
  decisions: Omit<MailDeps, "authenticate">;
  authenticate: Authenticate;
  metrics: Metrics;
}

/** The action of a mail's job. */
export function inboundAction(deps: InboundDeps): InboundAction {
  return inboundJob({ label: "mail", find: (id) => deps.inbound.find(id), take: (record) => takeMail(record, deps) });
}

async function takeMail(record: InboundRecord, deps: InboundDeps): Promise<TakenInbound> {
  const { noted, deliver } = await deps.room(record.raw.size, (memory) => seeThrough(record, memory, deps));
  await deps.inbound.decide(record._id, noted);
  const reason = noted.reason?.code ?? "none";
  deps.metrics.counter("mail_total", "Mails by what became of them", ["outcome", "reason"]).inc({ outcome: noted.state, reason });
  return { kind: `mail-${noted.state}`, ...(deliver && { deliver }) };
}

async function seeThrough(record: InboundRecord, memory: () => Uint8Array, deps: InboundDeps): Promise<CarriedOut> {
  const raw = await loadRaw(record.raw, memory, deps.rawMessages);
  const reading = await deps.reader.read(raw);
  if (reading.kind === "unreadable") return { noted: unreadable(reading.reason) };
  const { mail } = reading;
  const decisions: MailDeps = { ...deps.decisions, authenticate: (given, about) => deps.authenticate(raw, given, about) };
  const { outcome, trace } = await decideMail(mail, record, decisions);
  const { noted, deliver } = await carryOut(outcome, { record, raw, trace: [...defectsOf(mail), ...trace] }, deps);
  return { noted: { ...noted, summary: summaryOf(mail) }, deliver };
}

function unreadable(reason: string): InboundOutcome {
  const trace = [{ rule: "reading", answer: "quarantined", because: reason }];
  return { state: "quarantined", reason: { code: "unreadable", text: `The message could not be read: ${reason}` }, trace };
}

/** What is odd about the message, beside what was decided. */
function defectsOf({ defects }: UnderstoodMail): Decision[] {
  return defects.map((because) => ({ rule: "reading", answer: "odd", because }));
}

/** Longest texts of a list, in characters. */
const MAX_SUMMARY = 300;

function summaryOf({ from, subject, kind }: UnderstoodMail): NonNullable<InboundRecord["summary"]> {
  return { from: from[0]?.address.slice(0, MAX_SUMMARY) ?? "", subject: subject.slice(0, MAX_SUMMARY).toWellFormed(), kind };
}
