import { makeOperatorQueue } from "@openticket/client";
import {
  ADD_TICKET_REPLY_JOB,
  type Command as CommandData,
  type DeadLetter,
  fingerprintOf,
  identityOf,
  readCommand,
  readReplyCommand,
  receiptOf,
} from "@openticket/contract";
import { type DeadLetterStore, makeMongoDeadLetters, makeMongoReceipts, makeStoreOperations, recordDropped } from "@openticket/store";
import type { Argv } from "yargs";
import type { Command, CommandDeps } from "../command.ts";
import { CliFailure } from "../failure.ts";
import { ago, shortened, table } from "../output.ts";

interface Chosen {
  ids?: string[] | undefined;
  code?: string | undefined;
  all?: boolean | undefined;
}

/** `opentickets dead list|show|replay|drop`: requests that will not run again by themselves. */
export const deadCommand: Command = (parser, wrap) =>
  parser.command("dead", "Dead letters: requests that will not run again by themselves", (command) =>
    command
      .command(
        "list",
        "List them, with their causes",
        (it) => byCode(it).option("limit", { type: "number", default: 50, describe: "Most that are listed" }),
        wrap(list),
      )
      .command(
        "show <id>",
        "One of them, with its data",
        (it) => it.positional("id", { type: "string", demandOption: true, describe: "Its request id" }),
        wrap(show),
      )
      .command(
        "replay [ids..]",
        "Let them run again, once their cause is mended",
        (it) => choice(it).example("$0 dead replay --code failed", "All with that cause"),
        wrap(replay),
      )
      .command("drop [ids..]", "Reject them for good; their requesters are told so when they ask", (it) => choice(it), wrap(drop))
      .demandCommand(1, "Name what to do: list, show, replay or drop."),
  );

const byCode = <T>(it: Argv<T>) =>
  it.option("code", { type: "string", describe: "Only those with that cause: failed, poison, command_unreadable, action_unknown" });
const choice = <T>(it: Argv<T>) =>
  byCode(it)
    .positional("ids", { type: "string", array: true, describe: "Request ids" })
    .option("all", { type: "boolean", default: false, describe: "All of them" });

async function list({ code, limit }: { code?: string | undefined; limit: number }, { connections, output }: CommandDeps): Promise<undefined> {
  const letters = await makeStoreOperations(await connections.store()).deadLetters({ code, limit });
  const rows = letters.map((letter) => [letter._id, letter.code, ago(letter.diedAt), letter.attempts, letter.source?.channel, shortened(letter.reason)]);
  const shown = letters.map(({ dataJson, ...letter }) => letter);
  output.answer(shown, () => (rows.length === 0 ? "No dead letters." : table(["request", "cause", "died", "tries", "door", "reason"], rows)));
}

async function show({ id }: { id: string }, { connections, output }: CommandDeps): Promise<undefined> {
  const letter = await makeMongoDeadLetters(await connections.store()).find(id);
  if (!letter) throw new CliFailure(`There is no dead letter ${id}; see opentickets dead list.`);
  const { dataJson: _, ...head } = letter;
  const data = dataOf(letter);
  const rows = Object.entries({
    ...head,
    source: JSON.stringify(head.source ?? null),
    diedAt: head.diedAt.toISOString(),
    receivedAt: head.receivedAt.toISOString(),
  });
  output.answer(
    { ...head, data },
    () => `${table(["", ""], rows)}\n\n${data === undefined ? "Its data was too large to be kept." : JSON.stringify(data, null, 2)}`,
  );
}

async function replay(chosen: Chosen, deps: CommandDeps): Promise<undefined> {
  const store = await deps.connections.store();
  const letters = makeMongoDeadLetters(store);
  const { now } = await deps.connections.clock();
  const receipts = makeMongoReceipts(store, { retentionMs: 0, now });
  const queue = makeOperatorQueue(await deps.connections.redis());
  const lost: string[] = [];
  // In this order: broken off in between, the request runs, and its letter is found to be decided.
  const done = await forEach(chosen, "replayed", deps, async (letter) => {
    if (letter.dataJson === undefined) return void lost.push(letter._id);
    const { command, data } = askedIn(letter);
    if (command) await receipts.reopen(receiptOf(command, now()));
    await queue.enqueueAgain(letter._id, letter.jobName, data);
    await letters.remove(letter);
  });
  await queue.close();
  const replayed = done - lost.length;
  deps.output.answer({ replayed }, () => `${replayed} put into the queue again.`);
  if (lost.length > 0) throw new CliFailure(`Too large to be kept, and so to be replayed: ${lost.join(", ")}. Have them sent again, and drop these letters.`);
}

/**
 * What is put into the queue, under its letter's name and time: a job of a foreign producer may have had them from its job alone.
 * A letter that was set aside asks for something else than the one whose name it had, and goes without the key that is that one's.
 */
function askedIn(letter: DeadLetter): { data: unknown; command?: CommandData } {
  const { _id, jobName, receivedAt } = letter;
  const data = dataOf(letter);
  const readAs = jobName.toLowerCase() === ADD_TICKET_REPLY_JOB.toLowerCase() ? readReplyCommand : readCommand;
  const read = readAs(data, { requestId: _id, receivedAt: receivedAt.toISOString(), channel: "queue" });
  const { requestId } = read.kind === "command" ? read.command : read.reply;
  const own = { requestId: _id, ...(requestId !== _id && { idempotencyKey: undefined }) };
  if (read.kind === "unreadable") return { data: typeof data === "object" && data !== null && !Array.isArray(data) ? { ...data, ...own } : data };
  const command = { ...read.command, ...own, hasReceipt: true };
  return { data: command, command };
}

/** Undefined where it was too large to be kept. */
function dataOf({ dataJson }: DeadLetter): unknown {
  return dataJson === undefined ? undefined : JSON.parse(dataJson);
}

async function drop(chosen: Chosen, deps: CommandDeps): Promise<undefined> {
  const store = await deps.connections.store();
  const letters = makeMongoDeadLetters(store);
  const done = await forEach(chosen, "dropped", deps, async (letter) => {
    const { command } = askedIn(letter);
    await recordDropped(
      store,
      letter,
      command ? { identity: identityOf(command), fingerprint: fingerprintOf(command) } : { identity: letter._id, fingerprint: "" },
    );
    await letters.remove(letter);
  });
  deps.output.answer({ dropped: done }, () => `${done} rejected for good.`);
}

async function forEach(chosen: Chosen, what: string, { connections, output }: CommandDeps, work: (letter: DeadLetter) => Promise<void>): Promise<number> {
  const letters = makeMongoDeadLetters(await connections.store());
  const ids = await chosenIds(chosen, letters);
  const progress = output.progress(what, ids.length);
  let done = 0;
  for (const id of ids) {
    const letter = await letters.find(id);
    progress.step();
    // One whose request has been decided since is gone.
    if (!letter) continue;
    await work(letter);
    done++;
  }
  progress.end();
  return done;
}

async function chosenIds({ ids = [], code, all }: Chosen, letters: DeadLetterStore): Promise<string[]> {
  if (ids.length === 0 && code === undefined && !all) throw new CliFailure("Name request ids, or choose by --code or --all.", 2);
  if (ids.length === 0) return letters.requestIds({ code });
  const wanted = [...new Set(ids)];
  const found = await Promise.all(wanted.map(letters.find));
  const unknown = wanted.filter((_, index) => !found[index] || (code !== undefined && found[index]?.code !== code));
  if (unknown.length > 0) throw new CliFailure(`There is no dead letter ${unknown.join(", ")}; see opentickets dead list.`);
  return wanted;
}
