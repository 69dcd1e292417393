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

/** The answer that each connection owes last. */
const latestAnswers = new WeakMap<Socket, ServerResponse | undefined>();

/** Is told of each request, in the order of its connection. */
export function noteAnswer(socket: Socket, answer: ServerResponse): void {
  latestAnswers.set(socket, answer);
}

/** Is told when the answer has gone out: an idle connection holds no request, whose query may be long. To delete costs five times as much. */
export function forgetAnswer(socket: Socket, answer: ServerResponse): void {
  if (latestAnswers.get(socket) === answer) latestAnswers.set(socket, undefined);
}

/**
 * Answers what cannot be read as a request, with the two fields that callers of the API look for, and ends the connection, and
 * with it the request: nothing of what still comes is handed on.
 *
 * Problem: with a Content-Length that is too small such bytes come behind a request that is whole and in hand, and this answer
 * would be taken for its own: its caller would send it again. Choice: whoever is in hand is answered as ever, and the connection
 * closes behind that answer. A request that breaks off itself is answered here, in its turn.
 */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  const latest = latestAnswers.get(socket);
  if (!latest || latest.writableFinished) return refuse(error, socket);
  if (latest.req.complete || latest.headersSent) return closeBehind(latest, socket);
  if (latest.socket === socket) return refuse(error, socket);
  // Node gives an answer its socket when those before it have gone out.
  if (latest.listenerCount("socket") === 0) latest.once("socket", () => answerClientError(error, socket));
}

/** What goes on coming meanwhile is thrown away, each lot of it with an error of its own. */
function closeBehind(answer: ServerResponse, socket: Socket): void {
  if (!answer.shouldKeepAlive) return;
  answer.shouldKeepAlive = false;
  if (answer.headersSent) answer.once("close", () => socket.destroySoon());
}

function refuse(error: Error & { code?: string }, socket: Socket): void {
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
