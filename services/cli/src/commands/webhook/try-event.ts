import { readFile } from "node:fs/promises";
import type { EventCorrelation, TicketParams, WebhookSource } from "@openticket/contract";
import { makeMongoWebhookSources } from "@openticket/store";
import { checkDefinition, type EventReading, type EventTask, makeEventReader, rulesOf, type SpentReading, ticketOfEvent } from "@openticket/webhooks";
import type { CommandDeps } from "../../command.ts";
import { CliFailure } from "../../failure.ts";
import { table } from "../../output.ts";
import { readDefinition } from "./read-definition.ts";

export interface TryArgv {
  source: string;
  file: string;
  headers?: string | undefined;
  definition?: string | undefined;
}

type Tried = Pick<WebhookSource, "kind" | "mapping" | "correlation" | "defaults">;

/** What is printed. `missing`: what OpenTicket would refuse it for, as far as that is known without the database. */
interface Answer {
  outcome: "ticket" | "resolved" | "unwanted" | "unreadable" | "failed";
  because?: string;
  ticket?: TicketParams;
  missing?: string[];
  correlation?: Pick<EventCorrelation, "windowSeconds" | "onResolved" | "afterResolved"> & { key: string; happenedAt?: string };
}

/** `opentickets webhook try`. Exit code 0: it would become a ticket, or is unwanted; 1: it would be refused, or quarantined. */
export async function tryEvent(argv: TryArgv, deps: CommandDeps): Promise<number> {
  const [body, headers] = [await readBody(argv.file), argv.headers === undefined ? {} : await readHeaders(argv.headers)];
  const source = argv.definition === undefined ? await storedSource(argv.source, deps) : await definedSource(argv.definition);
  const { mapping, correlation } = rulesOf(source);
  if (!mapping) throw new CliFailure(`A source of the kind ${source.kind} brings mails, which no mapping reads; see opentickets mail parse.`);
  const reader = makeEventReader({ processes: 1 });
  const task: EventTask = {
    body,
    headers,
    contentType: headers["content-type"],
    source: argv.source,
    kind: source.kind,
    receivedAt: new Date().toISOString(),
    mapping,
    correlation,
  };
  try {
    const answer = answerOf(await reader.read(task), source, correlation);
    deps.output.answer(answer, () => shown(answer));
    return ["failed", "unreadable"].includes(answer.outcome) || (answer.missing ?? []).length > 0 ? 1 : 0;
  } finally {
    await reader.close();
  }
}

async function storedSource(name: string, { connections }: CommandDeps): Promise<Tried> {
  const source = await makeMongoWebhookSources(await connections.store()).find(name);
  if (!source) throw new CliFailure(`There is no source ${name}; see opentickets webhook list, or give its definition by --definition.`);
  return source;
}

/** What a definition for `POST /v1/webhook-sources` may hold beside what `webhook set` reads. */
const BESIDE: readonly string[] = ["name", "secret", "generateSecret"];

async function definedSource(file: string): Promise<Tried> {
  const entries = Object.entries(await readDefinition(file));
  const given = Object.fromEntries(entries.filter(([name]) => !BESIDE.includes(name)));
  const checked = await checkDefinition(given, { find: async (address) => ({ address }) });
  if (checked.kind === "sound") return checked.definition;
  throw new CliFailure(checked.faults.map(({ path, message }) => `${path || "(all)"}: ${message}`).join("\n"));
}

function answerOf(reading: EventReading | SpentReading, { defaults }: Tried, correlation: EventCorrelation | undefined): Answer {
  switch (reading.kind) {
    case "unreadable":
      return { outcome: "unreadable", because: reading.because };
    case "spent":
      return { outcome: "failed", because: reading.because };
    case "unmappable":
      return { outcome: "failed", because: `${reading.path}: ${reading.because}` };
    case "unwanted":
      return { outcome: "unwanted", because: "mapping.when is not true for it" };
    case "mapped": {
      const { key, happenedAt } = reading;
      const happened = happenedAt !== undefined && { happenedAt: new Date(happenedAt).toISOString() };
      const keyed = correlation && key !== undefined ? { correlation: { key, ...happened, ...described(correlation) } } : undefined;
      if (reading.isResolved) return { outcome: "resolved", because: overOf(keyed?.correlation), ...keyed };
      const { ticket, problems } = ticketOfEvent(reading.params ?? {}, defaults);
      return { outcome: "ticket", ticket, missing: [...problems.map(({ message }) => message), ...missingOf(ticket)], ...keyed };
    }
  }
}

function overOf(correlation: Answer["correlation"]): string {
  if (!correlation) return "it says that something is over, and has no key";
  return correlation.onResolved === "close" ? "it closes the ticket of its key" : "it is counted for the ticket of its key";
}

function described({ windowSeconds, onResolved, afterResolved }: EventCorrelation) {
  return { windowSeconds, onResolved, afterResolved };
}

function missingOf({ deptid, subject, message, clientid, userid, contactid, name, email }: TicketParams): string[] {
  const isKnown = clientid !== undefined || userid !== undefined || contactid !== undefined;
  return [
    ...(deptid === undefined ? ["no department: the mapping yields no deptid, and defaults.deptid is not set"] : []),
    ...(subject === undefined ? ["no subject: mapping.ticket.subject yields nothing"] : []),
    ...(message === undefined ? ["no message: mapping.ticket.message yields nothing"] : []),
    ...(isKnown || (name !== undefined && email !== undefined) ? [] : ["nobody opens it: neither the mapping nor defaults yield name and email"]),
  ];
}

function shown({ outcome, because, ticket, missing = [], correlation }: Answer): string {
  const { message, ...fields } = ticket ?? {};
  const rows = [
    ["outcome", outcome],
    ["because", because],
    ...missing.map((reason) => ["refused", reason]),
    ["key", correlation?.key],
    ["happened", correlation?.happenedAt],
    ["window", correlation && `${correlation.windowSeconds} s`],
    ...Object.entries(fields).map(([name, value]) => [name, typeof value === "object" ? JSON.stringify(value) : value]),
  ].filter(([, value]) => value !== undefined);
  return `${table(["", ""], rows)}${message === undefined ? "" : `\n\n${message}`}`;
}

async function readBody(file: string): Promise<Uint8Array> {
  return readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new CliFailure(`${file} cannot be read: ${error.code ?? error.message}`);
  });
}

/** Headers by lower-case name. */
async function readHeaders(file: string): Promise<Record<string, string>> {
  const text = new TextDecoder().decode(await readBody(file));
  const pairs = text.trimStart().startsWith("{") ? Object.entries(await readDefinition(file)) : text.split(/\r?\n/).flatMap(headerIn);
  return Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), String(value)]));
}

function headerIn(line: string): [string, string][] {
  const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(line) ?? [];
  return name === undefined || value === undefined ? [] : [[name, value.trim()]];
}
