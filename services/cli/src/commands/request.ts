import { makeOperatorQueue } from "@openticket/client";
import { makeStoreOperations, type Trace } from "@openticket/store";
import type { Command, CommandDeps } from "../command.ts";
import { CliFailure } from "../failure.ts";
import { table } from "../output.ts";

/** `opentickets request show <id>`: everything that is known of one request, from its door to its last mail. */
export const requestCommand: Command = (parser, wrap) =>
  parser.command("request", "What became of a request", (command) =>
    command
      .command(
        "show <id>",
        "Its whole trace: accepted where and when, tries, decisions, ticket, deliveries",
        (it) =>
          it
            .positional("id", {
              type: "string",
              demandOption: true,
              describe: "Request id, message id, ticket number, or ticket id where no ticket has that number",
            })
            .example("$0 request show req_ea1b90e9b1c60c418f1bf87009ca22af", "By request id")
            .example("$0 request show 987112", "By ticket number"),
        wrap(show),
      )
      .demandCommand(1, "Name what to do: show."),
  );

async function show({ id }: { id: string }, { connections, output }: CommandDeps): Promise<undefined> {
  const trace = await makeStoreOperations(await connections.store()).trace(id);
  const queue = makeOperatorQueue(await connections.redis());
  const job = await queue.job(trace.requestId).finally(() => queue.close());
  const { receipt, ticket, reply, rejection, deadLetter, inbound } = trace;
  if (!receipt && !ticket && !reply && !rejection && !deadLetter && !inbound && !job)
    throw new CliFailure(`Nothing is known of ${id}: it was never accepted here, or its rejection has expired.`);
  const events = eventsOf(trace, job);
  output.answer(
    { ...trace, job, events },
    () =>
      `request ${trace.requestId}\n\n${table(
        ["when", "what", ""],
        events.map(({ at, what, detail }) => [at.toISOString(), what, detail]),
      )}`,
  );
}

interface Event {
  at: Date;
  what: string;
  detail: string;
}

function eventsOf(
  { receipt, ticket, reply, rejection, deadLetter, inbound }: Trace,
  job: Awaited<ReturnType<ReturnType<typeof makeOperatorQueue>["job"]>>,
): Event[] {
  const events: Event[] = [];
  const add = (at: Date | undefined, what: string, detail = "") => at && events.push({ at, what, detail });
  const decided = reply ?? ticket;
  const source = decided?.source ?? rejection?.source ?? receipt?.source ?? deadLetter?.source;
  const door = source ? [source.channel, source.credential && `as ${source.credential}`, source.ip && `from ${source.ip}`].filter(Boolean).join(" ") : "";
  add(decided?.receivedAt ?? rejection?.receivedAt ?? deadLetter?.receivedAt, "received", door);
  add(inbound?.receivedAt, "mail stored", inbound && `${inbound._id} for ${inbound.mailbox} over ${inbound.source.door}`);
  for (const { rule, answer, because } of inbound?.trace ?? [])
    add(inbound?.decidedAt ?? inbound?.receivedAt, `mail: ${rule}`, `${answer}${because ? `, because ${because}` : ""}`);
  add(inbound?.decidedAt, "mail decided", inbound && `${inbound.state}${inbound.reason ? `: ${inbound.reason.text}` : ""}`);
  add(receipt?.acceptedAt, "acknowledged before its outcome", `by a receipt${receipt?.requeued ? `; put into the queue again ${receipt.requeued} times` : ""}`);
  add(
    job?.createdAt,
    "in the queue",
    `${job?.state}, ${job?.attempts} tries, ${job?.stalls} workers lost it${job?.failedReason ? `: ${job.failedReason}` : ""}`,
  );
  const decidedAt = reply ? reply.addedAt : ticket?.openedAt;
  for (const { rule, answer, because } of decided?.decisions ?? []) add(decidedAt, `decided ${rule}`, `${answer}${because ? `, because ${because}` : ""}`);
  if (reply) add(decidedAt, "reply added", `number ${reply.replyId}, to ticket ${reply.ticketId}, by ${reply.author.kind}; the ticket is then ${reply.status}`);
  else add(decidedAt, "ticket opened", ticket && `id ${ticket.id}, number ${ticket.tid}, department ${ticket.deptid}, ${ticket.replyIds?.length ?? 0} replies`);
  add(rejection?.rejectedAt, "rejected", rejection?.errors.map(({ message }) => message).join("; "));
  add(deadLetter?.diedAt, "given up", deadLetter && `${deadLetter.code}: ${deadLetter.reason}`);
  for (const { key, attempts, deliveredAt, deadAt, replayedAt, nextTryAt, lastError } of decided?.outbox ?? []) {
    if (deliveredAt) add(deliveredAt, `delivered ${key}`, attempts > 0 ? `after ${attempts} failed tries` : "");
    add(replayedAt, `owed again ${key}`, "by opentickets delivery replay");
    if (deadAt) add(deadAt, `gave up ${key}`, lastError);
    if (!deliveredAt && !deadAt)
      add(nextTryAt ?? decided?.dueAt ?? decidedAt, `owes ${key}`, lastError ? `${attempts} failed tries, last: ${lastError}` : "next look at that time");
  }
  add(receipt?.decidedAt, "receipt closed");
  return events.toSorted((a, b) => a.at.getTime() - b.at.getTime());
}
