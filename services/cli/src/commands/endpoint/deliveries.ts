import { CALL_STATES, type CallState, type WebhookCallRecord } from "@openticket/contract";
import { viewCall } from "@openticket/webhooks";
import type { Command, CommandDeps } from "../../command.ts";
import { ago, table } from "../../output.ts";
import { openEndpoints, unknownEndpoint } from "./endpoints.ts";

interface Argv {
  name: string;
  state?: CallState | undefined;
  limit: number;
  after?: string | undefined;
}

/** `opentickets endpoint deliveries <name>`: its calls, newest first, and what became of them. */
export const endpointDeliveries: Command = (parser, wrap) =>
  parser.command(
    "deliveries <name>",
    "Its calls, newest first, and what became of them",
    (it) =>
      it
        .positional("name", { type: "string", demandOption: true })
        .option("state", { choices: CALL_STATES, describe: "Only in this state" })
        .option("limit", { type: "number", default: 50, describe: "Most that are listed" })
        .option("after", { type: "string", describe: "Only those behind this one" })
        .example("$0 endpoint deliveries crm --state failed", "What was given up"),
    wrap(list),
  );

async function list({ name, state, limit, after }: Argv, deps: CommandDeps): Promise<undefined> {
  const { endpoints, calls } = await openEndpoints(deps);
  if (!(await endpoints.find(name))) throw unknownEndpoint(name);
  const found = await calls.list({ endpoint: name, state, limit, after });
  const rows = found.map((call) => [call._id, call.type, call.state, ago(call.createdAt), call.tries.length, lastTryOf(call)]);
  deps.output.answer(found.map(viewCall), () => (rows.length === 0 ? "No deliveries." : table(["delivery", "event", "state", "made", "tries", "last"], rows)));
}

/** What came of the last try, in few words. */
export function lastTryOf({ tries }: WebhookCallRecord): string {
  const last = tries.at(-1);
  if (!last) return "";
  return last.error ?? `${last.status} in ${last.tookMs} ms`;
}
