import type { InboundSource } from "@openticket/contract";
import type { Logger, Metrics } from "@openticket/runtime";
import type { SMTPServerAddress, SMTPServerAuthentication, SMTPServerDataStream, SMTPServerSession } from "smtp-server";
import { Overloaded } from "../../intake/gate.ts";
import type { MailboxDirectory } from "../../intake/ports.ts";
import type { ReceiveMailDeps } from "../../intake/receive-mail.ts";
import { ANSWERS, REFUSALS, SmtpAnswer } from "./answers.ts";
import { authenticatePeer, type PeerAuthDeps } from "./authenticate-peer.ts";
import { type PaceOptions, watchPace } from "./slow-senders.ts";
import { isBrokenOff, type Recipient, takeMessage } from "./take-message.ts";

export interface DialogueOptions extends PaceOptions {
  protocol: "smtp" | "lmtp";
  maxBytes: number;
  maxHops: number;
  sessionTimeoutMs: number;
}

export interface DialogueDeps extends ReceiveMailDeps, Omit<PeerAuthDeps, "onFault"> {
  mailboxes: MailboxDirectory;
  /** Throws Overloaded when nothing more can be taken. */
  gate(): Promise<void>;
  /** True for the outage of something that will come back. */
  isOutage(error: unknown): boolean;
  logger: Logger;
  metrics: Metrics;
}

/** What the door decides, step by step; each step throws what {@link refuse} turns into the answer. */
export interface Dialogue {
  connected(session: Pick<SMTPServerSession, "id" | "remoteAddress">): Promise<void>;
  login(auth: SMTPServerAuthentication, session: SMTPServerSession): Promise<{ user: string }>;
  sender(path: SMTPServerAddress, session: SMTPServerSession): Promise<void>;
  recipient(path: SMTPServerAddress, session: SMTPServerSession): Promise<void>;
  /** The words of the yes; of LMTP an answer for each recipient. */
  message(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<string | (string | Error)[]>;
  closed(session: Pick<SMTPServerSession, "id">): void;
  refuse(error: unknown): SmtpAnswer;
}

type HangUp = (sessionId: string, answer: SmtpAnswer) => void;

/** Recipients of one connection that are no mailboxes; more is a search for addresses. */
const MAX_UNKNOWN_RECIPIENTS = 50;

/** See {@link Dialogue}. */
export function makeDialogue(options: DialogueOptions, deps: DialogueDeps, hangUp: HangUp): Dialogue {
  const { protocol } = options;
  const { limits, logger, metrics } = deps;
  const recipients = new WeakMap<object, Recipient[]>();
  const sessions = new Map<string, { ip: string; timer: NodeJS.Timeout; unknown: number }>();
  const results = metrics.counter("mail_messages_total", "Messages by door and what came of them", ["door", "result"]);
  const seconds = metrics.seconds("mail_message_seconds", "From DATA to its answer", ["door"]);
  const refusals = metrics.counter("mail_refusals_total", "Answers other than yes, by enhanced status code", ["door", "status"]);
  // A rise shows only against a value before it.
  results.inc({ door: protocol, result: "refused" }, 0);
  for (const status of REFUSALS) refusals.inc({ door: protocol, status }, 0);

  function noteResult(result: string, startedAtMs: number): void {
    results.inc({ door: protocol, result });
    seconds.observe({ door: protocol }, (performance.now() - startedAtMs) / 1000);
  }

  function refuse(error: unknown): SmtpAnswer {
    const answer = answerFor(error, deps);
    refusals.inc({ door: protocol, status: answer.status });
    return answer;
  }

  async function message(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<string | (string | Error)[]> {
    const startedAtMs = performance.now();
    const wanted = recipients.get(session.envelope) ?? [];
    const stopWatching = watchPace(stream, options, () => hangUp(session.id, ANSWERS.tooSlow()));
    try {
      const { inbound } = await takeMessage(stream, wanted, sourceOf(session, protocol), { ...options, ...deps });
      noteResult(inbound.every(({ isRepetition }) => isRepetition) ? "repetition" : "stored", startedAtMs);
      logger.debug({ inbound, session: session.id }, "message stored");
      const words = `Stored as ${inbound.map(({ id }) => id).join(" ")}`;
      return protocol === "lmtp" ? wanted.map(() => words) : words;
    } catch (error) {
      noteResult(isBrokenOff(error) ? "broken-off" : "refused", startedAtMs);
      if (protocol === "smtp") throw error;
      const answer = refuse(error);
      return wanted.map(() => answer);
    } finally {
      stopWatching();
    }
  }

  function closed({ id }: { id: string }): void {
    const session = sessions.get(id);
    if (!session) return;
    clearTimeout(session.timer);
    sessions.delete(id);
    limits.disconnect(session.ip);
  }

  return {
    async connected({ id, remoteAddress: ip }) {
      if (!limits.connect(ip)) throw ANSWERS.tooManyConnections();
      const timer = setTimeout(() => hangUp(id, ANSWERS.tooLong()), options.sessionTimeoutMs);
      timer.unref();
      // Before anything is waited for: a peer may leave meanwhile.
      sessions.set(id, { ip, timer, unknown: 0 });
      await deps.gate().catch((error: unknown) => {
        closed({ id });
        throw error instanceof Overloaded ? ANSWERS.closed(error.message) : error;
      });
    },
    async login(auth, session) {
      const onFault = (err: unknown) => logger.warn({ err }, "login not checked");
      return { user: await authenticatePeer(auth, session.remoteAddress, { ...deps, onFault }) };
    },
    async sender({ args }, { remoteAddress }) {
      requireKnown(args, MAIL_PARAMETERS);
      await deps.gate();
      if (!limits.message(remoteAddress)) throw ANSWERS.tooManyMessages();
    },
    async recipient({ address, args }, { id, envelope }) {
      requireKnown(args, RCPT_PARAMETERS);
      const mailbox = await mailboxOf(address, deps.mailboxes);
      if (mailbox) return void recipients.set(envelope, [...(recipients.get(envelope) ?? []), { address, mailbox: mailbox.address }]);
      const session = sessions.get(id);
      if (session && ++session.unknown > MAX_UNKNOWN_RECIPIENTS) throw ANSWERS.tooManyUnknown();
      throw ANSWERS.noSuchMailbox(address);
    },
    message,
    closed,
    refuse,
  };
}

/** Of the extensions that are offered, and the login that a relay passes on (RFC 4954), which nothing depends on. */
const MAIL_PARAMETERS = ["SIZE", "BODY", "SMTPUTF8", "REQUIRETLS", "RET", "ENVID", "AUTH"];
const RCPT_PARAMETERS = ["NOTIFY", "ORCPT"];

/** Throws the answer to a parameter that the door cannot heed (RFC 5321 4.1.1.11). */
function requireKnown(args: SMTPServerAddress["args"], known: readonly string[]): void {
  if (Object.keys(args || {}).some((name) => !known.includes(name))) throw ANSWERS.unknownParameter();
}

/**
 * The mailbox behind a recipient. `postmaster` without a domain is whoever keeps the service (RFC 5321 4.5.1): a mailbox of
 * that name, else one of the first department.
 */
async function mailboxOf(address: string, mailboxes: MailboxDirectory): Promise<{ address: string } | undefined> {
  if (address.toLowerCase() !== "postmaster") return mailboxes.find(address);
  const byDepartment = (await mailboxes.all()).toSorted((a, b) => a.deptid - b.deptid);
  return byDepartment.find((mailbox) => mailbox.address.startsWith("postmaster@")) ?? byDepartment[0];
}

function answerFor(error: unknown, { isOutage, logger }: DialogueDeps): SmtpAnswer {
  if (error instanceof SmtpAnswer) return error;
  if (error instanceof Overloaded) return ANSWERS.overloaded(error.message);
  if (isOutage(error)) return ANSWERS.unavailable();
  if (!isBrokenOff(error)) logger.error({ err: error }, "message not taken");
  return ANSWERS.fault();
}

/** What `opentickets pipe` introduces itself with. It counts from this machine alone, and opens nothing: it is shown. */
const PIPE_HELO = "opentickets-pipe";

function sourceOf(session: SMTPServerSession, protocol: DialogueOptions["protocol"]): Omit<InboundSource, "envelopeTo"> {
  const { envelope, remoteAddress: ip, hostNameAppearsAs: helo, user, secure } = session;
  const isLocal = ip === "" || ip === "127.0.0.1" || ip === "::1";
  return {
    door: isLocal && helo === PIPE_HELO ? "pipe" : protocol,
    ...(envelope.mailFrom && { envelopeFrom: envelope.mailFrom.address }),
    ...(ip && { ip }),
    ...(helo && { helo }),
    ...(typeof user === "string" && user !== "" && { user }),
    isTls: secure,
  };
}
