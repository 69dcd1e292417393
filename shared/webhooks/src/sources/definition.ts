import { eventCorrelation, eventDefaults, eventMapping, SOURCE_KINDS, type WebhookSource, webhookSource } from "@openticket/contract";
import { z } from "zod";
import { expressionFaults } from "../mapping/expression-faults.ts";
import type { SourceKind } from "../source-kind.ts";
import { sourceKind } from "../source-kinds.ts";

/** What an operator says of a source; its name and its secrets stand beside it. */
export const sourceDefinition = z.strictObject({
  kind: z.enum(SOURCE_KINDS, { error: `expected one of ${SOURCE_KINDS.join(", ")}` }).describe("How its calls are verified, and what they hold"),
  isEnabled: z.boolean().default(true).describe("A source that is not is not there for its callers"),
  settings: z.record(z.string(), z.json()).default({}).describe("As its kind has them; none of them is secret"),
  mailbox: webhookSource.shape.mailbox.describe("Of a source of mails: the mailbox for recipients that are none of ours"),
  mapping: eventMapping.optional().describe("Of a source of events: how an event becomes a ticket; unset: as its kind has it"),
  correlation: eventCorrelation.nullable().optional().describe("How events fold into one ticket; null: each stands alone; unset: as its kind has it"),
  defaults: eventDefaults.optional().describe("Of a source of events: parameters of OpenTicket that its mapping yields nothing for"),
});
export type SourceDefinition = z.output<typeof sourceDefinition>;

/** `path` is where it stands, such as `settings.idPointer`. */
export interface DefinitionFault {
  path: string;
  message: string;
}

interface MailboxReader {
  find(address: string): Promise<{ address: string } | undefined>;
}

/**
 * Reads what an operator says of a source; every fault of it, or its sound form with the defaults of its kind put in.
 * Throws on an outage.
 */
export async function checkDefinition(
  given: unknown,
  mailboxes: MailboxReader,
): Promise<{ kind: "sound"; definition: SourceDefinition } | { kind: "faulty"; faults: DefinitionFault[] }> {
  const parsed = sourceDefinition.safeParse(given);
  const fields = fieldsOf(given);
  const kind = kindIn(fields);
  const settings = kind && z.record(z.string(), z.json()).safeParse(fields.settings ?? {}).success ? kind.settings.safeParse(fields.settings ?? {}) : undefined;
  const mailbox = typeof fields.mailbox === "string" ? await mailboxes.find(fields.mailbox) : undefined;
  const faults = [
    ...(parsed.success ? [] : zodFaults(parsed.error)),
    ...(settings && !settings.success ? zodFaults(settings.error, ["settings"]) : []),
    ...(typeof fields.mailbox === "string" && !mailbox ? [{ path: "mailbox", message: "this address is no configured mailbox" }] : []),
    ...(kind ? misplaced(fields, kind) : []),
    ...expressionFaults({ mapping: eventMapping.safeParse(fields.mapping).data, correlation: eventCorrelation.safeParse(fields.correlation).data }),
  ];
  if (!parsed.success || !settings?.success || faults.length > 0) return { kind: "faulty", faults };
  const stored = z.record(z.string(), z.json()).parse(JSON.parse(JSON.stringify(settings.data)));
  return { kind: "sound", definition: { ...parsed.data, settings: stored, ...(mailbox && { mailbox: mailbox.address }) } };
}

/** The faults that zod finds, with their paths. */
export function zodFaults(error: z.ZodError, before: readonly string[] = []): DefinitionFault[] {
  return error.issues.flatMap((issue) => {
    const path = [...before, ...issue.path.map(String)];
    if (issue.code === "unrecognized_keys") return issue.keys.map((key) => ({ path: [...path, key].join("."), message: "there is no such field" }));
    return [{ path: path.join("."), message: issue.message }];
  });
}

function fieldsOf(given: unknown): Partial<Record<keyof WebhookSource, unknown>> {
  return typeof given === "object" && given !== null ? { ...given } : {};
}

function kindIn({ kind }: { kind?: unknown }): SourceKind | undefined {
  const name = sourceDefinition.shape.kind.safeParse(kind);
  return name.success ? sourceKind(name.data) : undefined;
}

function misplaced(fields: Partial<Record<keyof WebhookSource, unknown>>, { name, brings }: SourceKind): DefinitionFault[] {
  const foreign = brings === "mails" ? (["mapping", "correlation", "defaults"] as const) : (["mailbox"] as const);
  return foreign.flatMap((path) => (fields[path] === undefined ? [] : [{ path, message: `a source of the kind ${name} brings ${brings} and has none` }]));
}
