import { SOURCE_KINDS, type WebhookSource, webhookName } from "@openticket/contract";
import { z } from "zod";
import { secretView, viewSecret } from "../sealed-secrets.ts";
import { sourceDefinition } from "./definition.ts";

/** Longest time that the secrets before a new one stay valid, s: a year. */
const MAX_OVERLAP_S = 366 * 86_400;

/** A secret, as the one who sets up a source gives it or asks for it. */
export const newSecret = z.strictObject({
  secret: z.string().optional().describe("As the provider gives it; without it a new one is made, where the kind lets us choose it"),
  expireOthersInSeconds: z
    .int()
    .min(0)
    .max(MAX_OVERLAP_S)
    .optional()
    .describe("The secrets that are there already are valid for so long; without it until they are removed"),
});

/** A new source, with its first secret where that is known or to be made. */
export const newSource = sourceDefinition.extend({
  name: webhookName.describe("Part of its URL"),
  secret: z.string().optional().describe("As the provider gives it"),
  generateSecret: z.boolean().default(false).describe("Make a secret, where the kind lets us choose it"),
});

/** A source as it is shown, without its secrets. */
export const sourceView = z.object({
  ...sourceDefinition.shape,
  kind: z.enum(SOURCE_KINDS),
  name: z.string(),
  url: z.string().describe("Where its provider calls"),
  secrets: z.array(secretView),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
export type SourceView = z.output<typeof sourceView>;

/** See {@link sourceView}; `baseUrl` is where the door is reached from outside. */
export function viewSource({ _id: name, secrets, createdAt, updatedAt, ...shown }: WebhookSource, baseUrl: string): SourceView {
  return {
    name,
    url: `${baseUrl.replace(/\/+$/, "")}/webhooks/${name}`,
    ...shown,
    secrets: secrets.map(viewSecret),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}
