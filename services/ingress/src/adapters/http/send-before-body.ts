import type { FastifyReply } from "fastify";
import { drain } from "./body/drain.ts";

/** What is still read of a body that was refused, so that its sender gets to read the answer. */
const LINGER = { maxBytes: 256 * 1024 * 1024, maxMs: 15_000 };

/**
 * Sends an answer even while the request's body is still arriving.
 *
 * Problem: closing a connection with unread input resets it, and the client loses the answer. Choice: the whole answer
 * is written first, then input is thrown away within bounds, and only then the response ends. A client that goes on
 * sending past the bounds is cut off.
 */
export async function sendBeforeBody(reply: FastifyReply, body: string): Promise<void> {
  const { request } = reply;
  if (request.raw.readableEnded || request.raw.complete || request.method === "GET" || request.method === "HEAD") {
    await reply.send(body);
    return;
  }
  const bytes = Buffer.from(body);
  reply.hijack();
  reply.raw.writeHead(reply.statusCode, { ...headersOf(reply), "content-length": bytes.length });
  reply.raw.write(bytes);
  await drain(request.raw, LINGER);
  reply.raw.end();
}

function headersOf(reply: FastifyReply): Record<string, string | number | string[]> {
  return Object.fromEntries(Object.entries(reply.getHeaders()).filter((entry): entry is [string, string | number | string[]] => entry[1] !== undefined));
}
