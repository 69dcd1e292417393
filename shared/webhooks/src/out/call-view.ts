import { callTry, type WebhookCallRecord, webhookCallRecord } from "@openticket/contract";
import { z } from "zod";

/** A call as it is shown: with its log and without its body, which holds what people wrote. */
export const callView = webhookCallRecord.omit({ _id: true, body: true }).extend({
  id: z.string(),
  tries: z.array(callTry.extend({ at: z.iso.datetime() })).describe("The last ones"),
  createdAt: z.iso.datetime(),
  endsAt: z.iso.datetime().describe("Not tried any more after it"),
  dueAt: z.iso.datetime().optional().describe("Next try; absent when it has ended"),
  decidedAt: z.iso.datetime().optional(),
  expiresAt: z.iso.datetime().optional(),
});
export type CallView = z.infer<typeof callView>;
export const callPage = z.object({ deliveries: z.array(callView), next: z.string().optional().describe("`after` of the next page, when there may be one") });

/** See {@link callView}. */
export function viewCall({ _id: id, body, tries, createdAt, endsAt, dueAt, decidedAt, expiresAt, ...shown }: WebhookCallRecord): CallView {
  return {
    id,
    ...shown,
    tries: tries.map(({ at, ...made }) => ({ at: at.toISOString(), ...made })),
    createdAt: createdAt.toISOString(),
    endsAt: endsAt.toISOString(),
    ...(dueAt && { dueAt: dueAt.toISOString() }),
    ...(decidedAt && { decidedAt: decidedAt.toISOString() }),
    ...(expiresAt && { expiresAt: expiresAt.toISOString() }),
  };
}
