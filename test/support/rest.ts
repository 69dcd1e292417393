import { authorization } from "./api-php.ts";
import type { Stack } from "./stack.ts";

export interface RestAnswer {
  status: number;
  headers: Headers;
  body: RestBody;
}

/** Everything that an answer of the REST API may hold. */
export interface RestBody {
  requestId?: string;
  state?: string;
  id?: number;
  tid?: string;
  c?: string;
  replayed?: boolean;
  title?: string;
  detail?: string;
  errors?: { code: string; field?: string; message: string }[];
  result?: { result: string; id?: number; message?: string };
  [field: string]: unknown;
}

/** Calls the REST API with the stack's credentials unless the headers say otherwise. */
export async function rest(stack: Pick<Stack, "httpUrl" | "credentials">, method: string, path: string, init: RequestInit = {}): Promise<RestAnswer> {
  const response = await fetch(`${stack.httpUrl}${path}`, { method, ...init, headers: { ...authorization(stack), ...init.headers } });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text.startsWith("{") ? (JSON.parse(text) as RestBody) : {} };
}

/** Opens a ticket with JSON. */
export function postTicket(stack: Pick<Stack, "httpUrl" | "credentials">, ticket: unknown, headers: Record<string, string> = {}): Promise<RestAnswer> {
  return rest(stack, "POST", "/v1/tickets", { body: JSON.stringify(ticket), headers: { "content-type": "application/json", ...headers } });
}
