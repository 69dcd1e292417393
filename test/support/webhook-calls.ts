import { createHmac } from "node:crypto";
import { COMMAND_QUEUE, type InboundRecord } from "@openticket/contract";
import { Queue } from "bullmq";
import { rest } from "./rest.ts";
import type { Stack } from "./stack.ts";
import { until } from "./until.ts";

export interface WebhookAnswer {
  status: number;
  headers: Headers;
  text: string;
  body: { result?: string; id?: string[]; message?: string; unknownMailbox?: string[] };
}

/** Calls a source as its provider would. */
export async function callWebhook(stack: Pick<Stack, "httpUrl">, path: string, init: RequestInit & { duplex?: "half" }): Promise<WebhookAnswer> {
  const response = await fetch(`${stack.httpUrl}/webhooks/${path}`, { method: "POST", ...init });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: text.startsWith("{") ? JSON.parse(text) : {} };
}

/** Sets a source up by REST; fails with what was wrong with it. */
export async function setUpSource(stack: Stack, source: object): Promise<Record<string, unknown>> {
  const { status, body } = await rest(stack, "POST", "/v1/webhook-sources", { body: JSON.stringify(source) });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body;
}

/** Headers of Standard Webhooks for a body; `atMs`: when it is signed. */
export function signedStandard(secret: string, id: string, body: string | Uint8Array, atMs = Date.now()): Record<string, string> {
  const timestamp = String(Math.floor(atMs / 1000));
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${signature}` };
}

/** Records of what came in by a source, as they were taken. */
export function recordsOf({ store }: Pick<Stack, "store">, source: string): Promise<InboundRecord[]> {
  return store.db.collection<InboundRecord>("inbound").find({ "source.webhook.source": source }).toArray();
}

/** Name and data of the job of a request; waits for it. */
export async function jobOf({ prefix, redisUrl }: Pick<Stack, "prefix" | "redisUrl">, requestId: string): Promise<{ name: string; data: unknown }> {
  const queue = new Queue(COMMAND_QUEUE, { connection: { url: redisUrl }, prefix });
  try {
    const { name, data } = await until("its job", () => queue.getJob(requestId));
    return { name, data };
  } finally {
    await queue.close();
  }
}
