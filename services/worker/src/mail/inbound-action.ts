import { type Decision, type InboundMailCommand, type InboundRecord, inboundMailCommand } from "@openticket/contract";
import type { MailReader, UnderstoodMail } from "@openticket/mail";
import type { Metrics } from "@openticket/runtime";
import { z } from "zod";
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

/** A job that was read, as the consumer takes it. */
export interface MailAction {
  read(data: unknown, defaults: { requestId: string }): MailJob;
}
export type MailJob = { requestId: string } & (
  | { kind: "runnable"; run(): Promise<TakenMail>; recall(): Promise<TakenMail | undefined> }
  | { kind: "unreadable"; reason: string }
);

/** What became of a job. `kind` is its label in metrics; `deliver` begins what is owed because of it. */
export interface TakenMail {
  kind: string;
  deliver?: () => Promise<void>;
}

/** The action of {@link inboundMailCommand}. */
export function inboundAction(deps: InboundDeps): MailAction {
  return {
    read(data, defaults) {
      const parsed = inboundMailCommand.safeParse(data);
      if (!parsed.success) return { kind: "unreadable", requestId: defaults.requestId, reason: z.prettifyError(parsed.error) };
      return {
        kind: "runnable",
        requestId: parsed.data.requestId,
        run: () => takeMail(parsed.data, deps),
        recall: async () => decidedBefore(await deps.inbound.find(parsed.data.inboundId)),
      };
    },
  };
}

async function takeMail({ inboundId }: InboundMailCommand, deps: InboundDeps): Promise<TakenMail> {
  const record = await deps.inbound.find(inboundId);
  const decided = decidedBefore(record);
  if (decided || !record) return decided ?? { kind: "mail-gone" };
  const { noted, deliver } = await deps.room(record.raw.size, (memory) => seeThrough(record, memory, deps));
  await deps.inbound.decide(record._id, noted);
  const reason = noted.reason?.code ?? "none";
  deps.metrics.counter("mail_total", "Mails by what became of them", ["outcome", "reason"]).inc({ outcome: noted.state, reason });
  return { kind: `mail-${noted.state}`, ...(deliver && { deliver }) };
}

/** What an earlier run has come to; a record that was erased leaves nothing to do. */
function decidedBefore(record: InboundRecord | undefined): TakenMail | undefined {
  if (!record) return { kind: "mail-gone" };
  return record.state === "stored" ? undefined : { kind: "mail-decided" };
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
