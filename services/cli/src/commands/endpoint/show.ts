import { viewEndpoint } from "@openticket/webhooks";
import type { Command, CommandDeps } from "../../command.ts";
import { ago, table } from "../../output.ts";
import { openEndpoints, unknownEndpoint } from "./endpoints.ts";
import { stateOf } from "./list.ts";

/** `opentickets endpoint show <name>`: all of an endpoint but its secrets. */
export const endpointShow: Command = (parser, wrap) =>
  parser.command("show <name>", "One of them, without its secrets", (it) => it.positional("name", { type: "string", demandOption: true }), wrap(show));

async function show({ name }: { name: string }, deps: CommandDeps): Promise<undefined> {
  const { endpoints } = await openEndpoints(deps);
  const endpoint = await endpoints.find(name);
  if (!endpoint) throw unknownEndpoint(name);
  const { url, events, deptids, secrets, maxInFlight, timeoutMs, updatedAt } = endpoint;
  const facts = [
    ["URL", url],
    ["state", stateOf(endpoint)],
    ["hears of", events.join(" ")],
    ["departments", deptids?.join(" ") ?? "all"],
    ["calls at once", maxInFlight],
    ["time limit", `${timeoutMs} ms`],
    ["changed", ago(updatedAt)],
    ...secrets.map(({ id, createdAt, expiresAt }) => ["secret", `${id}, made ${ago(createdAt)}${expiresAt ? `, ends ${expiresAt.toISOString()}` : ""}`]),
  ];
  deps.output.answer(viewEndpoint(endpoint), () => table(["", ""], facts));
}
