import { type GivenUp, makeMongoGivenUp } from "@openticket/store";
import type { Command, CommandDeps } from "../../command.ts";
import { ago, shortened, table } from "../../output.ts";
import { filterOf, type Which, which } from "./which.ts";

/** Longest error in a list, characters: enough for the words of a relay, which come behind ours. */
const MAX_ERROR = 200;

/** `opentickets delivery list`: what was given up, the latest first. */
export const deliveryList: Command = (parser, wrap) =>
  parser.command(
    "list",
    "What was given up, the latest first; looks through all tickets",
    (it) =>
      which(it)
        .option("limit", { type: "number", default: 50, describe: "Most that are listed" })
        .example("$0 delivery list --kind mail --since 2d", "Mails that were given up at the weekend"),
    wrap(list),
  );

async function list({ limit, ...chosen }: Which & { limit: number }, { connections, output }: CommandDeps): Promise<undefined> {
  const filter = filterOf(chosen, new Date());
  // One more tells whether these are all.
  const found = await makeMongoGivenUp(await connections.store()).list({ ...filter, limit: limit + 1 });
  const shown = found.slice(0, limit);
  output.answer(shown.map(toView), () => (shown.length === 0 ? "Nothing was given up." : tableOf(shown)));
  if (found.length > limit) output.say(`There are more than these ${limit}: --limit shows more.`);
}

/** What `replay` takes for it: the number of a ticket, else the request of a reply or a rejection; and the key. */
function nameOf({ of, ticket, requestId, entry }: GivenUp): string {
  return `${of === "ticket" && ticket ? ticket.tid : requestId}/${entry.key}`;
}

function toView(delivery: GivenUp) {
  const { of, requestId, ticket, entry } = delivery;
  return { name: nameOf(delivery), of, requestId, ticket, ...entry };
}

function tableOf(shown: readonly GivenUp[]): string {
  const rows = shown.map((delivery) => {
    const { ticket, entry } = delivery;
    return [
      nameOf(delivery),
      ticket?.tid,
      entry.kind,
      whatOf(entry),
      whomOf(entry),
      entry.attempts,
      ago(entry.deadAt),
      shortened(entry.lastError ?? "", MAX_ERROR),
    ];
  });
  return table(["delivery", "ticket", "kind", "what", "to", "tries", "given up", "last error"], rows);
}

function whatOf({ kind, template, event }: GivenUp["entry"]): string | undefined {
  return kind === "mail" ? template : event?.type;
}

function whomOf({ kind, to, queue }: GivenUp["entry"]): string | undefined {
  return kind === "event" ? "endpoints" : (to?.email ?? queue);
}
