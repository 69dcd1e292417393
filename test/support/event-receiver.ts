import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";
import { Webhook } from "./standard-webhooks.ts";

/** A call as a receiver got it. */
export interface ReceivedCall {
  id: string;
  headers: IncomingHttpHeaders;
  text: string;
  event: { type: string; timestamp: string; data: Record<string, unknown> };
  atMs: number;
}

export interface Receiver {
  url: string;
  calls: ReceivedCall[];
  /** How the next calls are answered, in turn; after them 204. `hang`: never. */
  answers: ({ status: number; headers?: Record<string, string> } | "hang")[];
  close(): Promise<void>;
}

const eventBody = z.object({ type: z.string(), timestamp: z.string(), data: z.record(z.string(), z.unknown()) });

/** An endpoint on loopback. */
export async function startReceiver({ alwaysHangs = false } = {}): Promise<Receiver> {
  const calls: ReceivedCall[] = [];
  const answers: Receiver["answers"] = [];
  const server = createServer(async (request, response) => {
    const text = await textOf(request);
    calls.push({
      id: String(request.headers["webhook-id"]),
      headers: request.headers,
      text,
      event: eventBody.parse(JSON.parse(text)),
      atMs: performance.now(),
    });
    const answer = alwaysHangs ? "hang" : (answers.shift() ?? { status: 204 });
    if (answer !== "hang") end(response, answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    calls,
    answers,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The event of a call, as the official library verifies it; throws for a wrong signature. */
export function verified(secret: string, { text, headers }: ReceivedCall): unknown {
  const names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
  return new Webhook(secret).verify(text, Object.fromEntries(names.map((name) => [name, String(headers[name])])));
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

function end(response: ServerResponse, { status, headers }: { status: number; headers?: Record<string, string> }): void {
  response.writeHead(status, headers).end();
}
