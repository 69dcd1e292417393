import type { RequestError } from "@openticket/contract";
import type { FastifyReply } from "fastify";
import { sendBeforeBody } from "../send-before-body.ts";

/** A request that is answered with a problem document (RFC 9457). */
export class Problem extends Error {
  override name = "Problem";
  readonly status: number;
  readonly title: string;
  readonly extra: { errors?: readonly RequestError[]; requestId?: string };
  readonly headers: Record<string, string>;

  constructor(status: number, title: string, detail: string, extra: Problem["extra"] = {}, headers: Record<string, string> = {}) {
    super(detail);
    this.status = status;
    this.title = title;
    this.extra = extra;
    this.headers = headers;
  }
}

/** Answers with the problem, also while the request's body is still arriving. */
export async function sendProblem(reply: FastifyReply, problem: Problem): Promise<void> {
  const { status, title, message: detail, extra, headers } = problem;
  const body = JSON.stringify({ type: "about:blank", title, status, detail, ...extra });
  await sendBeforeBody(reply.code(status).headers({ ...headers, "content-type": "application/problem+json" }), body);
}
