import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { makeOperatorQueue } from "@openticket/client";
import { countUndecided, type ErasedPerson, erasePerson, findPerson, isOfPerson, requestIdsOf } from "@openticket/store";
import type { Command, CommandDeps } from "../command.ts";
import { MAIL_FOLDER } from "../connections.ts";
import { CliFailure } from "../failure.ts";
import { table } from "../output.ts";

/** `opentickets erase --client <id>`: every trace of a client and of everybody who acts for no other. */
export const eraseCommand: Command = (parser, wrap) =>
  parser.command(
    "erase",
    "Erase every trace of a client: tickets, replies, requests, queue, dead letters, reference data, mails that were written to files",
    (command) =>
      command
        .option("client", { type: "number", demandOption: true, describe: "The client's id" })
        .option("yes", { type: "boolean", default: false, describe: "Do it; without, say whom it is about" })
        .option("data-dir", {
          type: "string",
          describe: "Folder with sent/*.eml of workers without a relay; unset: that of npm start, where its database is used",
        })
        .example("$0 erase --client 42", "Say who that is")
        .example("$0 erase --client 42 --yes", "Erase; it cannot be undone"),
    wrap(erase),
  );

async function erase(
  { client, yes, dataDir }: { client: number; yes: boolean; dataDir?: string | undefined },
  { connections, output }: CommandDeps,
): Promise<undefined> {
  const store = await connections.store();
  const person = await findPerson(store, client);
  if (!person) throw new CliFailure(`There is no client ${client}, and no ticket of one.`);
  if (!yes) {
    const rows = [
      ["client", person.clientid],
      ["addresses", person.emails.join(", ")],
      ["addresses of others as well, which stay", person.sharedEmails.join(", ")],
      ["users", person.userids.join(", ")],
      ["contacts", person.contactids.join(", ")],
      ["tickets", person.ticketids.length],
    ];
    return output.answer({ ...person, isErased: false }, () => `${table(["", ""], rows)}\n\nNothing was erased; --yes does it.`) as undefined;
  }
  const startedAt = (await connections.clock()).now();
  // First the queue, or a waiting request would become a ticket of the erased.
  const jobs = await eraseJobs(person, connections);
  // Then the answers, while there is something to know them by: a run that is broken off is made again from the start.
  const early = await eraseAnswers(await requestIdsOf(store, person), connections);
  // Before the tickets: what is decided by now has its ticket by now.
  const undecided = await countUndecided(store, startedAt);
  const isDone = jobs.active + undecided === 0;
  const { requestIds, ...counts } = await erasePerson(store, person, { keepsRows: !isDone });
  // And those that a worker was about to send.
  const late = await eraseAnswers(new Set(requestIds), connections);
  const folder = dataDir === undefined ? connections.mailFolder() : join(dataDir, MAIL_FOLDER);
  const mails = folder === undefined ? 0 : await eraseMails(folder, person);
  if (jobs.active > 0) output.say(`${jobs.active} requests of this client are in work.`);
  if (undecided > 0) output.say(`${undecided} messages that came in before are not decided yet, and may be this client's.`);
  if (!isDone) output.say("The client, its users and contacts stay until then: run it again when they are done.");
  const erased = { ...counts, jobs: jobs.removed, answers: early + late, mails };
  output.answer(
    { ...erased, stillActive: jobs.active, stillUndecided: undecided, isErased: isDone },
    () => `${table(["erased", ""], Object.entries(erased))}\n\nFiles that no other ticket holds go with the next daily sweep.`,
  );
}

async function eraseJobs(person: ErasedPerson, connections: CommandDeps["connections"]): Promise<{ removed: number; active: number }> {
  const queue = makeOperatorQueue(await connections.redis());
  return queue.removeMatching((data) => isOfPerson(data, person)).finally(() => queue.close());
}

async function eraseAnswers(requestIds: ReadonlySet<string>, connections: CommandDeps["connections"]): Promise<number> {
  const queue = makeOperatorQueue(await connections.redis());
  return queue.removeReplies(requestIds).finally(() => queue.close());
}

async function eraseMails(folder: string, { emails }: ErasedPerson): Promise<number> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".eml"));
  let erased = 0;
  for (const name of names) {
    const words = new Set((await readFile(join(folder, name), "utf8")).toLowerCase().match(WORD)?.map(withoutFullStops));
    if (!emails.some((email) => words.has(email))) continue;
    await rm(join(folder, name));
    erased++;
  }
  return erased;
}

/** Whole ones: `ada@example.com` is no part of `nada@example.com`. */
const WORD = /[^\s<>"'(),:;[\]\\]+/g;

/** An address may stand at the end of a sentence. */
function withoutFullStops(word: string): string {
  let end = word.length;
  while (word[end - 1] === ".") end--;
  return word.slice(0, end);
}
