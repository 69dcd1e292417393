import { ADD_TICKET_REPLY_JOB, type AttachmentRef, OPEN_TICKET_JOB, type TicketRecord } from "@openticket/contract";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { mayUse } from "../../../intake/authenticate.ts";
import { makeCommand, makeReplyCommand } from "../../../intake/make-command.ts";
import type { HttpDeps } from "../http-deps.ts";
import { authenticateRest } from "./bearer.ts";
import { Problem } from "./problem.ts";
import { submit } from "./submit.ts";
import { SHOWN_REPLIES, viewTicket } from "./view.ts";

/**
 * `POST /v1/tickets` and `POST /v1/tickets/{id}/replies`, whose answers submit.ts has; `GET /v1/tickets/{id}` and the
 * attachments of ticket and replies: 200, 401, 403, and 404 for what is not there or not for this credential.
 */
export function registerTickets(app: FastifyInstance, deps: HttpDeps): void {
  app.post("/v1/tickets", (request, reply) => submit(request, reply, { action: OPEN_TICKET_JOB, make: (draft) => makeCommand(draft, deps) }, deps));

  app.post<{ Params: { id: string } }>("/v1/tickets/:id/replies", (request, reply) => {
    const ticketid = request.params.id;
    const make = (draft: Parameters<typeof makeReplyCommand>[0]) => makeReplyCommand({ ...draft, params: { ...draft.params, ticketid } }, deps);
    return submit(request, reply, { action: ADD_TICKET_REPLY_JOB, make }, deps);
  });

  app.get<{ Params: { id: string } }>("/v1/tickets/:id", async (request) => {
    const ticket = await readableTicket(request, request.params.id, deps);
    const [replies, occurrences] = await Promise.all([
      ticket.replyIds === undefined ? [] : deps.tickets.repliesOf(ticket.id, SHOWN_REPLIES),
      ticket.lastEvent && deps.tickets.occurrencesOf(ticket.id),
    ]);
    return viewTicket(ticket, { replies, occurrences });
  });

  app.get<{ Params: { id: string; index: string } }>("/v1/tickets/:id/attachments/:index", async (request, reply) => {
    const ticket = await readableTicket(request, request.params.id, deps);
    return sendFile(reply, `Ticket ${ticket.id}`, ticket.attachments, request.params.index, deps);
  });

  app.get<{ Params: { id: string; replyId: string; index: string } }>("/v1/tickets/:id/replies/:replyId/attachments/:index", async (request, reply) => {
    const { id, replyId, index } = request.params;
    const ticket = await readableTicket(request, id, deps);
    const found = isId(replyId) ? await deps.tickets.findReply(Number(replyId)) : undefined;
    if (found?.ticketId !== ticket.id) throw new Problem(404, "Not Found", `Ticket ${ticket.id} has no reply ${replyId.slice(0, 40)}`);
    return sendFile(reply, `Reply ${replyId}`, found.attachments, index, deps);
  });
}

/** One of the files of `owner`, by its place. */
async function sendFile(reply: FastifyReply, owner: string, files: readonly AttachmentRef[], index: string, deps: HttpDeps): Promise<FastifyReply> {
  const attachment = /^\d{1,4}$/.test(index) ? files[Number(index)] : undefined;
  if (!attachment) throw new Problem(404, "Not Found", `${owner} has no attachment ${index.slice(0, 40)}; it has ${files.length}, counted from 0`);
  // A stranger chose name and type: the browser is to store the file, not to show it.
  const disposition = `attachment; filename*=UTF-8''${encodeURIComponent(attachment.name)}`;
  return reply
    .headers({
      "content-type": "application/octet-stream",
      "content-disposition": disposition,
      "content-length": attachment.size,
      "x-content-type-options": "nosniff",
    })
    .send(await deps.blobs.open(attachment.sha256));
}

/** The ticket, for a credential that opened it or that may use GetTicket. Others cannot tell whether it exists. */
async function readableTicket(request: FastifyRequest, id: string, deps: HttpDeps): Promise<TicketRecord> {
  const caller = await authenticateRest(request, deps);
  const ticket = isId(id) ? await deps.tickets.findById(Number(id)) : undefined;
  if (ticket && (mayUse(caller, "getticket") || ticket.source.credential === caller.credential)) return ticket;
  throw new Problem(404, "Not Found", `There is no ticket ${id.slice(0, 40)} that this credential may see`);
}

function isId(text: string): boolean {
  return /^[1-9]\d{0,14}$/.test(text);
}
