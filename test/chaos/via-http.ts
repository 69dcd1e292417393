import { httpBuildQuery } from "../support/api-php.ts";
import type { MailDoor } from "./ledger.ts";
import type { RequestFields } from "./requests.ts";
import type { Sent } from "./sent.ts";

/** Above the door's own time-out, so that a silent answer is the network's or a stopped door's, ms. */
const PATIENCE_MS = 15_000;

/** Where the doors are, and who calls. */
export interface HttpTarget {
  credentials: { identifier: string; secret: string };
  /** A door that is up; undefined: none is. */
  doorUrl(scheme: "http" | MailDoor): string | undefined;
}

interface Body {
  result?: string;
  state?: string;
  message?: string;
  detail?: string;
  id?: number;
  tid?: string;
  c?: string;
  replayed?: boolean;
  errors?: { code: string }[];
}

/** The classic call. A business error is an answer; everything but 200 and 503 is odd. */
export function viaApi({ key, params }: RequestFields, where: HttpTarget): Promise<Sent> {
  const fields = Object.entries(params).filter((field): field is [string, string | number | boolean] =>
    ["string", "number", "boolean"].includes(typeof field[1]),
  );
  const body = httpBuildQuery({ action: "OpenTicket", ...where.credentials, responsetype: "json", idempotencykey: key, ...Object.fromEntries(fields) });
  return call(where, "/includes/api.php", { headers: { "content-type": "application/x-www-form-urlencoded" }, body });
}

/** REST, waiting for the ticket or not. */
export function viaRest({ key, params }: RequestFields, where: HttpTarget, mode: "sync" | "async"): Promise<Sent> {
  const { identifier, secret } = where.credentials;
  const headers = {
    "content-type": "application/json",
    "idempotency-key": key,
    authorization: `Basic ${Buffer.from(`${identifier}:${secret}`).toString("base64")}`,
    ...(mode === "async" && { prefer: "respond-async" }),
  };
  return call(where, "/v1/tickets", { headers, body: JSON.stringify(params) });
}

async function call({ doorUrl }: HttpTarget, path: string, init: { headers: Record<string, string>; body: string }): Promise<Sent> {
  const url = doorUrl("http");
  if (url === undefined) return { kind: "again", reason: "no door is up" };
  try {
    const response = await fetch(`${url}${path}`, { method: "POST", ...init, signal: AbortSignal.timeout(PATIENCE_MS) });
    return read(response.status, await response.text());
  } catch (error) {
    return { kind: "again", reason: error instanceof Error && error.name === "TimeoutError" ? "HTTP: silence" : "HTTP: connection lost" };
  }
}

function read(status: number, text: string): Sent {
  const body = parse(text);
  if (status === 503) return { kind: "again", reason: `HTTP: 503 ${(body?.detail ?? body?.message ?? "").replace(/req_\w+/, "{requestId}")}` };
  if (!body) return { kind: "odd", what: `answer ${status} is no JSON object: ${text.slice(0, 200)}` };
  const { id, tid, c, errors, replayed: isReplay = false } = body;
  const [error] = errors ?? [];
  if (status === 202) return { kind: "accepted" };
  if ([200, 201].includes(status) && id !== undefined && tid && c) return { kind: "opened", id, tid, c, isReplay };
  if ((status === 422 || (status === 200 && body.result === "error")) && error) return { kind: "rejected", code: error.code };
  return { kind: "odd", what: `unexpected answer ${status}: ${text.slice(0, 200)}` };
}

function parse(text: string): Body | undefined {
  try {
    return JSON.parse(text) as Body;
  } catch {
    return undefined;
  }
}
