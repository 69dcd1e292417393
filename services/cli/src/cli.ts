import { messageOf } from "@openticket/runtime";
import yargs, { type Argv } from "yargs";
import type { Command } from "./command.ts";
import { auditCommand } from "./commands/audit.ts";
import { credentialsCommand } from "./commands/credentials.ts";
import { deadCommand } from "./commands/dead.ts";
import { deliveryCommand } from "./commands/delivery.ts";
import { drainCommand } from "./commands/drain.ts";
import { endpointCommand } from "./commands/endpoint.ts";
import { eraseCommand } from "./commands/erase.ts";
import { exportCommand } from "./commands/export.ts";
import { importCommand } from "./commands/import.ts";
import { mailCommand } from "./commands/mail.ts";
import { pipeCommand } from "./commands/pipe.ts";
import { queueCommand } from "./commands/queue.ts";
import { requestCommand } from "./commands/request.ts";
import { statusCommand } from "./commands/status.ts";
import { webhookCommand } from "./commands/webhook.ts";
import { makeConnections } from "./connections.ts";
import { CliFailure } from "./failure.ts";
import { makeOutput, type Terminal } from "./output.ts";
import { printable } from "./printable.ts";
import { withStandardOutput } from "./target-file.ts";

const COMMANDS: readonly Command[] = [
  statusCommand,
  queueCommand,
  requestCommand,
  deadCommand,
  deliveryCommand,
  mailCommand,
  webhookCommand,
  endpointCommand,
  pipeCommand,
  auditCommand,
  drainCommand,
  importCommand,
  exportCommand,
  credentialsCommand,
  eraseCommand,
];
const WRONG_USAGE = 2;

/** Runs one command line and gives back its exit code; connections are closed whatever happens. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  const { env, out, err } = terminal;
  const connections = makeConnections(env);
  let code = 0;
  const given = withStandardOutput(args);
  const parser = yargs(given)
    .scriptName("opentickets")
    .usage(
      "$0 <command>\n\nSees into OpenTicket intake and repairs it. Finds MongoDB and Redis through --mongodb-url and\n--redis-url, else MONGODB_URL and REDIS_URL, else a running `npm start` below DATA_DIR (.data).",
    )
    .option("mongodb-url", { type: "string", global: true, group: "Where:", describe: "MongoDB, with the database's name in the path" })
    .option("redis-url", { type: "string", global: true, group: "Where:", describe: "Redis or Valkey" })
    .option("prefix", { type: "string", global: true, group: "Where:", describe: "BullMQ's key prefix (QUEUE_PREFIX, else bull)" })
    .option("json", { type: "boolean", global: true, default: false, group: "Output:", describe: "JSON for programs instead of tables" })
    .middleware((argv) => connections.choose({ mongodbUrl: argv.mongodbUrl, redisUrl: argv.redisUrl, prefix: argv.prefix }))
    .demandCommand(1, "Name a command.")
    .strict()
    .recommendCommands()
    .completion("completion", "Print a script for shell completion: opentickets completion >> ~/.bashrc")
    .wrap(Math.min(terminal.columns ?? 100, 110))
    .version(false)
    .exitProcess(false)
    .fail((message: string | undefined, error: Error | undefined) => {
      throw error ?? new CliFailure(`${message}\nSee opentickets --help.`, WRONG_USAGE);
    });
  for (const command of COMMANDS) {
    command(parser as Argv, (run) => async (argv) => {
      code = (await run(argv, { connections, output: makeOutput(terminal, argv.json === true) })) ?? 0;
    });
  }
  try {
    await parser.parseAsync(given, {}, (_error, _argv, text) => void (text && out.write(`${text}\n`)));
    return code;
  } catch (error) {
    err.write(`${printable(messageOf(error))}\n`);
    return error instanceof CliFailure ? error.exitCode : 1;
  } finally {
    await connections.close();
  }
}
