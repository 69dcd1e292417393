import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { drain } from "./body/drain.ts";

/** What the parser of requests finds: each is answered before any route is known. */
const REFUSALS: Record<string, { status: number; message: string }> = {
  HPE_HEADER_OVERFLOW: { status: 431, message: "The head of the request is too large; send the parameters in the body" },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: "The request did not arrive in time" },
};
const MALFORMED = { status: 400, message: "The request is not HTTP" };

/** What is still read behind the answer, so that its reader gets to see it; then the connection is cut. */
const LINGER = { maxBytes: 16 * 1024 * 1024, maxMs: 1000 };

/**
 * Answers what cannot be read as a request, with the two fields that callers of the API look for, and ends the connection, and
 * with it the request: nothing of what still comes is handed on.
 */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  const { status, message } = REFUSALS[error.code ?? ""] ?? MALFORMED;
  const body = bodyOf(message);
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, "Connection: close", "Content-Type: application/json", `Content-Length: ${body.length}`];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
  void drain(socket.removeAllListeners("data"), LINGER);
}

/** Answers an `Expect` that is not understood, before the request's body. */
export function answerExpectation({ headers }: IncomingMessage, response: ServerResponse): void {
  const body = bodyOf(`Expect: ${headers.expect} is not understood; only 100-continue is`);
  response.writeHead(417, { connection: "close", "content-type": "application/json", "content-length": Buffer.byteLength(body) }).end(body);
}

function bodyOf(message: string): string {
  return JSON.stringify({ result: "error", message });
}
