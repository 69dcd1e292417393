import type { WebhookEndpoint } from "@openticket/contract";
import { viewEndpoint } from "@openticket/webhooks";
import type { Command, CommandDeps } from "../../command.ts";
import { table } from "../../output.ts";
import { openEndpoints } from "./endpoints.ts";

/** `opentickets endpoint list`: by name. */
export const endpointList: Command = (parser, wrap) => parser.command("list", "List endpoints, without their secrets", {}, wrap(list));

async function list(_argv: object, deps: CommandDeps): Promise<undefined> {
  const { endpoints } = await openEndpoints(deps);
  const found = await endpoints.all();
  const rows = found.map((endpoint) => [endpoint._id, stateOf(endpoint), endpoint.events.join(" "), endpoint.deptids?.join(" ") ?? "all", endpoint.url]);
  deps.output.answer(found.map(viewEndpoint), () =>
    rows.length === 0 ? "No endpoints; opentickets endpoint add makes one." : table(["endpoint", "state", "hears of", "departments", "URL"], rows),
  );
}

/** Whether it gets calls, and why not. */
export function stateOf({ isEnabled, disabled }: Pick<WebhookEndpoint, "isEnabled" | "disabled">): string {
  if (!isEnabled) return "disabled";
  return disabled ? `stopped: ${disabled.reason}` : "enabled";
}
