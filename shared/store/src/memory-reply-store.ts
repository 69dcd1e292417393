import { isStatusEntry, type ReplyRecord, statusEntry, type TicketRecord } from "@openticket/contract";
import { byRequestId, makeMemoryOutbox } from "./memory-outbox.ts";
import type { MemoryRecords } from "./memory-stores.ts";
import type { ReplyStore } from "./ticket-store.ts";

/** Replies in memory, beside the tickets that they change. */
export function makeMemoryReplyStore({ tickets, replies, rejections }: MemoryRecords): ReplyStore {
  let lastId = 0;
  /** False: there is no such ticket. */
  const apply = (reply: ReplyRecord): boolean => {
    const ticket = [...tickets.values()].find(({ id }) => id === reply.ticketId);
    if (ticket && !ticket.replyIds?.includes(reply.replyId)) tickets.set(ticket._id, changed(ticket, reply));
    if (!ticket) replies.delete(reply._id);
    return ticket !== undefined;
  };
  return {
    ...makeMemoryOutbox(replies),
    async add(draft, { mayHaveTwin }) {
      const record = mayHaveTwin() ? rejections.get(draft._id) : undefined;
      if (record) return { kind: "rejected", record };
      const standing = replies.get(draft._id);
      const reply = standing ?? { ...draft, replyId: ++lastId };
      replies.set(reply._id, reply);
      if (!apply(reply)) return { kind: "ticket-gone" };
      return { kind: standing ? "exists" : "added", reply };
    },
    applyToTicket: async (reply) => void apply(reply),
    findByIdentity: async (identity) => replies.get(identity),
    findReplyByRequestId: async (requestId) => byRequestId(replies, requestId),
    findReply: async (replyId) => [...replies.values()].find((reply) => reply.replyId === replyId),
    async repliesOf(ticketId, limit) {
      const own = [...replies.values()].filter((reply) => reply.ticketId === ticketId);
      return own.toSorted((a, b) => a.addedAt.getTime() - b.addedAt.getTime() || a.replyId - b.replyId).slice(-limit);
    },
  };
}

function changed(ticket: TicketRecord, reply: ReplyRecord): TicketRecord {
  const { replyId, status, createdAt, customfields } = reply;
  const given = new Set(customfields.map(({ id }) => id));
  const { lastReplyAt = createdAt, replyIds = [] } = ticket;
  return {
    ...ticket,
    status,
    lastReplyAt: lastReplyAt > createdAt ? lastReplyAt : createdAt,
    replyIds: [...replyIds, replyId],
    customfields: [...ticket.customfields.filter(({ id }) => !given.has(id)), ...customfields],
    ...(reply.tellsOfStatus && ticket.status !== status && owedForStatus(ticket, reply)),
  };
}

function owedForStatus(ticket: TicketRecord, reply: ReplyRecord): Pick<TicketRecord, "outbox" | "dueAt"> {
  const { replyId, status, addedAt: at } = reply;
  const entry = statusEntry({ replyId }, { status, at });
  const kept = ticket.outbox.filter((owed) => !isStatusEntry(owed) || owed.deliveredAt === undefined);
  return { outbox: [...kept, { ...entry, event: { ...entry.event, from: ticket.status } }], dueAt: ticket.dueAt ?? reply.dueAt ?? reply.addedAt };
}
