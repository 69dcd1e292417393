import { setTimeout as sleep } from "node:timers/promises";
import { type CommandResult, identityOf } from "@openticket/contract";
import { makeMailReader } from "@openticket/mail";
import type { Drain, Logger, Metrics } from "@openticket/runtime";
import {
  type InboundStore,
  isStoreOutage,
  makeMongoBudgets,
  makeMongoEarlierMails,
  makeMongoKnownTickets,
  makeMongoMailboxes,
  makeMongoMutes,
  makeMongoNotices,
  makeMongoPeople,
  type StoreConnection,
} from "@openticket/store";
import { type ActionDeps, decideReply, decideTicket, MAYBE_AGAIN, refusalOf } from "./actions.ts";
import { makeAuthenticate } from "./mail/auth/authenticate.ts";
import { makeMailResolver } from "./mail/auth/resolver.ts";
import type { Stored } from "./mail/carry-out.ts";
import type { MailConfig } from "./mail/config.ts";
import type { KnownTickets, MailRules } from "./mail/decide/ports.ts";
import { type InboundDeps, inboundAction } from "./mail/inbound-action.ts";
import { noticeOf, startNoticeRelay } from "./mail/notices.ts";
import type { RawMessages, Room } from "./mail/raw-message.ts";
import { makeMessageIds } from "./notify/message-ids.ts";
import type { Notifier } from "./notify/notifier.ts";
import { makeOwnMail } from "./notify/own-mail.ts";
import type { MailFacts } from "./pipeline/mail-facts.ts";
import type { Action } from "./queue/action.ts";

const MS_PER_HOUR = 3_600_000;

export interface StartMailDeps extends ActionDeps {
  store: StoreConnection;
  inbound: InboundStore;
  rawMessages: RawMessages;
  room: Room;
  notifier: Pick<Notifier, "refuse">;
  severityOf(error: unknown): "final" | "failed" | "untried";
  tokenSecret: string;
  now(): Date;
  logger: Logger;
  drain: Drain;
  metrics: Metrics;
}

/** Starts what reads incoming mail; the action of its jobs. Wiring only. */
export function startMail(config: MailConfig & { MAIL_DOMAIN: string }, deps: StartMailDeps): Action {
  const { store, inbound, pipeline, notifier, severityOf, tokenSecret, now, logger, drain, metrics } = deps;
  const reader = makeMailReader({
    threads: config.MAIL_PARSER_THREADS,
    timeoutMs: config.MAIL_PARSER_TIMEOUT_MS,
    maxMemoryMb: config.MAIL_PARSER_MEMORY_MB,
    withHtml: false,
  });
  drain.onDrain("mail reader", () => reader.close());
  const [known, people, mailboxes] = [makeMongoKnownTickets(store), makeMongoPeople(store), makeMongoMailboxes(store)];
  const [mutes, notices] = [makeMongoMutes(store, { now }), makeMongoNotices(store)];
  const relay = startNoticeRelay({
    notices,
    send: (notice) => notifier.refuse({ ...notice, name: notice._id }),
    severityOf,
    isOutage: isStoreOutage,
    now,
    random: Math.random,
    sleep,
    logger,
    metrics,
  });
  drain.onDrain("mail refusals", () => relay.close());
  const { directory } = pipeline;
  const resolver = makeMailResolver({ servers: config.MAIL_DNS_SERVERS, timeoutMs: config.MAIL_DNS_TIMEOUT_MS, elapsedMs: () => performance.now() });
  return inboundAction({
    inbound,
    reader,
    rawMessages: deps.rawMessages,
    room: deps.room,
    authenticate: makeAuthenticate(config, resolver),
    decisions: {
      directory: { ...people, department: directory.department, client: directory.client, mailbox: mailboxes.find },
      tickets: known,
      earlier: makeMongoEarlierMails(store),
      ownMail: makeOwnMail(makeMessageIds({ secret: tokenSecret, domain: config.MAIL_DOMAIN })),
      budgets: makeMongoBudgets(store),
      rules: rulesOf(config),
      now,
    },
    openTicket: (command, facts) => openTicket(command, facts, deps),
    addReply: (command, facts) => addReply(command, facts, deps, known),
    blobs: pipeline.blobs,
    limits: pipeline.rules.attachments,
    noteBounce: known.noteBounce,
    mute: (address, because) => mutes.mute(address, because, new Date(now().getTime() + config.MAIL_MUTE_HOURS * MS_PER_HOUR)),
    oweNotice: async (bounce, record) => void (await notices.owe(noticeOf(bounce, record, now()))),
    metrics,
  });
}

async function openTicket(command: Parameters<InboundDeps["openTicket"]>[0], facts: MailFacts, deps: ActionDeps): Promise<Stored> {
  const { result, deliver } = await decideTicket(command, MAYBE_AGAIN, deps, facts);
  if (result?.result !== "success" || !("tid" in result)) return rejected(result, deliver);
  return { kind: "stored", ticket: { id: Number(result.id), tid: String(result.tid) }, deliver };
}

async function addReply(
  command: Parameters<InboundDeps["addReply"]>[0],
  facts: MailFacts,
  deps: ActionDeps,
  known: Pick<KnownTickets, "findById" | "outcomeOf">,
): Promise<Stored> {
  const { result, deliver } = await decideReply(command, MAYBE_AGAIN, deps, facts);
  if (result?.result !== "success" || !("replyid" in result)) {
    // The same mail by another mailbox may differ in whether it is answered.
    const twin = await known.outcomeOf(identityOf(command));
    return twin ? { kind: "stored", ticket: twin } : rejected(result, deliver);
  }
  const id = Number(result.ticketid);
  const ticket = await known.findById(id);
  return { kind: "stored", ticket: { id, tid: ticket?.tid ?? "", replyId: Number(result.replyid) }, deliver };
}

async function rejected(result: CommandResult | undefined, deliver: (() => Promise<void>) | undefined): Promise<Stored> {
  await deliver?.();
  return { kind: "rejected", message: refusalOf(result) };
}

function rulesOf(config: MailConfig): MailRules {
  const windowMs = config.MAIL_BUDGET_WINDOW_MS;
  return {
    autoReplies: config.MAIL_AUTO_REPLIES,
    bulk: config.MAIL_BULK,
    spamHeaders: config.MAIL_SPAM_HEADERS,
    senderBudget: { windowMs, quiet: config.MAIL_SENDER_ANSWERED, most: config.MAIL_SENDER_MAX },
    ticketBudget: { windowMs, most: config.MAIL_TICKET_SENDER_MAX },
  };
}
