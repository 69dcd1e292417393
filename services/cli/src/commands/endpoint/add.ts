import { EVENT_TYPES } from "@openticket/contract";
import type { Command, CommandDeps } from "../../command.ts";
import { answerChange, openEndpoints } from "./endpoints.ts";

interface Argv {
  name: string;
  url: string;
  event: string[];
  department?: number[] | undefined;
  maxInFlight?: number | undefined;
  timeoutMs?: number | undefined;
}

/** `opentickets endpoint add <name> <url>`: prints the secret that its calls are signed with, once. */
export const endpointAdd: Command = (parser, wrap) =>
  parser.command(
    "add <name> <url>",
    "Set up an endpoint; prints its secret once",
    (it) =>
      it
        .positional("name", { type: "string", demandOption: true })
        .positional("url", { type: "string", demandOption: true, describe: "Where its calls go, https" })
        .option("event", { type: "string", array: true, choices: EVENT_TYPES, default: [...EVENT_TYPES], describe: "What it hears of" })
        .option("department", { type: "number", array: true, describe: "Only of these departments, by id" })
        .option("max-in-flight", { type: "number", describe: "Calls of one worker that may wait for its answer at once" })
        .option("timeout-ms", { type: "number", describe: "How long a call waits for its answer, ms" })
        .example("$0 endpoint add crm https://crm.example.com/hooks --event ticket.opened --department 1", "Tell a CRM of new tickets of one department"),
    wrap(add),
  );

async function add({ name, url, event: events, department: deptids, maxInFlight, timeoutMs }: Argv, deps: CommandDeps): Promise<undefined> {
  const { manager } = await openEndpoints(deps);
  const given = { name, url, events, ...(deptids && { deptids }), ...(maxInFlight && { maxInFlight }), ...(timeoutMs && { timeoutMs }) };
  return answerChange(await manager.create(given), name, deps, `${name} is set up; workers follow within seconds.`);
}
