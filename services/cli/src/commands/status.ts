import { makeOperatorQueue } from "@openticket/client";
import { makeStoreOperations } from "@openticket/store";
import type { Command, CommandDeps } from "../command.ts";
import { ago, table } from "../output.ts";

/** `opentickets status`: what is where, on one screen. */
export const statusCommand: Command = (parser, wrap) =>
  parser.command("status", "Tickets, requests under way, deliveries owed, dead letters, Redis and MongoDB", {}, wrap(status));

async function status(_argv: object, { connections, output }: CommandDeps): Promise<undefined> {
  const store = await connections.store();
  const queue = makeOperatorQueue(await connections.redis());
  const [counts, queued, server, isClosed, { version }] = await Promise.all([
    makeStoreOperations(store).counts(),
    queue.counts(),
    queue.server(),
    queue.isClosed(),
    store.db.admin().serverInfo(),
  ]);
  await queue.close();
  const dead = Object.values(counts.deadLetters).reduce((sum, count) => sum + count, 0);
  const memory = server.maxMemoryBytes > 0 ? `${mebibytes(server.usedMemoryBytes)} of ${mebibytes(server.maxMemoryBytes)}` : mebibytes(server.usedMemoryBytes);
  const rows = [
    ["tickets", counts.tickets, ""],
    ["replies to them", counts.replies, ""],
    ["rejections kept", counts.rejections, ""],
    ["waiting in the queue", queued.waiting, queued.oldestWaitingAt && `oldest ${ago(queued.oldestWaitingAt)}`],
    ["in work", queued.active, ""],
    ["put back for a time", queued.delayed, ""],
    ["accepted, undecided", counts.undecided, counts.oldestUndecidedAt && `oldest ${ago(counts.oldestUndecidedAt)}`],
    ["tickets and replies that owe deliveries", counts.owing, counts.oldestOwingAt && `oldest ${ago(counts.oldestOwingAt)}`],
    ["with given-up deliveries", counts.deadDeliveries, counts.deadDeliveries ? "opentickets delivery list" : ""],
    [
      "dead letters",
      dead,
      Object.entries(counts.deadLetters)
        .map(([code, count]) => `${count} ${code}`)
        .join(", "),
    ],
    ["mails undecided", counts.inbound.stored ?? 0, ""],
    ["mails in quarantine", counts.inbound.quarantined ?? 0, counts.inbound.quarantined ? "opentickets mail list --state quarantined" : ""],
    ["doors", isClosed ? "closed" : "open", isClosed ? "opentickets drain --open opens them" : ""],
    ["Redis", server.version, memory],
    ["MongoDB", version, ""],
  ];
  output.answer({ ...counts, queue: queued, redis: server, mongodb: version, isClosed }, () =>
    table(
      ["", "", ""],
      rows.map((row) => row.map((cell) => cell ?? "")),
    ),
  );
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}
