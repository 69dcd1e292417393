import { z } from "zod";
import { queueName, shortId } from "./command.ts";
import { requestStatus } from "./reply.ts";

/** How many requests one question may ask about. */
const MAX_ASKED = 100;

/** Data of a job on the status queue: what became of these requests, in this order. */
export const statusQuestion = z.looseObject({
  v: z.int().min(1),
  requestIds: z.array(shortId).min(1).max(MAX_ASKED),
  /** Queue that the answer goes to, none of the product's own; its job id is the question's with `-answer` behind it. */
  replyTo: z.object({ queue: queueName }),
});
export type StatusQuestion = z.infer<typeof statusQuestion>;

/** The answer to a {@link statusQuestion}: the outcomes that are stored. What is only queued is `unknown` here. */
export const statusAnswer = z.looseObject({ v: z.int().min(1), statuses: z.array(requestStatus) });
export type StatusAnswer = z.infer<typeof statusAnswer>;
