import type { Stack } from "./stack.ts";

/** One call of the classic API against a running stack, as an existing client makes it. */

export type Fields = Record<string, string | number | boolean>;

/** A body as PHP's http_build_query makes it: booleans are 1 and an empty text, blanks are "+". */
export function httpBuildQuery(fields: Fields): string {
  return Object.entries(fields)
    .map(
      ([name, value]) =>
        `${encodeURIComponent(name)}=${encodeURIComponent(value === true ? "1" : value === false ? "0" : String(value)).replaceAll("%20", "+")}`,
    )
    .join("&");
}

/** The least that makes a ticket of a guest. */
export const GUEST: Fields = {
  deptid: 1,
  subject: "This is a sample ticket",
  message: "This is a **sample** ticket message",
  name: "Ada Guest",
  email: "ada.guest@example.test",
};

export interface Called {
  status: number;
  headers: Headers;
  text: string;
}

/** Posts fields to api.php with the stack's credentials, unless the fields say otherwise. */
export async function callApi(
  stack: Pick<Stack, "httpUrl" | "credentials">,
  fields: Fields,
  { path = "/includes/api.php", ...init }: RequestInit & { path?: string } = {},
): Promise<Called> {
  const body = httpBuildQuery({ action: "OpenTicket", ...stack.credentials, ...fields });
  const headers = { "content-type": "application/x-www-form-urlencoded", ...init.headers };
  const response = await fetch(`${stack.httpUrl}${path}`, { method: "POST", body, ...init, headers });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

export interface ApiAnswer {
  result: string;
  message?: string;
  id?: number;
  tid?: string;
  c?: string;
  requestid?: string;
  replayed?: boolean;
  errors?: { code: string; field?: string; message: string }[];
}

/** The same, answered as JSON. */
export async function callJson(
  stack: Pick<Stack, "httpUrl" | "credentials">,
  fields: Fields,
  init: RequestInit & { path?: string } = {},
): Promise<ApiAnswer & { status: number }> {
  const { status, text } = await callApi(stack, { responsetype: "json", ...fields }, init);
  return { status, ...(JSON.parse(text) as ApiAnswer) };
}

interface Shown extends Record<string, unknown> {
  requestId: string;
  status: string;
  message: string;
  decisions: { rule: string; answer: string; because?: string }[];
  attachments: { name: string; size: number; sha256: string; contentType: string }[];
  deliveries: { key: string; state: string }[];
}
export interface ShownReply extends Shown {
  replyId: number;
  author: Record<string, unknown>;
}
interface ShownTicket extends Shown {
  opener: Record<string, unknown>;
  replies: ShownReply[];
}

/** A body as what the test takes it for. */
export async function readJson<T = ApiAnswer>(response: Response): Promise<T> {
  return (await response.json()) as T;
}

/** A ticket as REST shows it, with the stack's credentials. */
export async function getTicket(stack: Pick<Stack, "httpUrl" | "credentials">, id: number | undefined): Promise<ShownTicket> {
  const response = await fetch(`${stack.httpUrl}/v1/tickets/${id}`, { headers: authorization(stack) });
  if (response.status !== 200) throw new Error(`GET ticket ${id}: ${response.status} ${await response.text()}`);
  return readJson<ShownTicket>(response);
}

/** The stack's credentials for REST. */
export function authorization(stack: Pick<Stack, "credentials">): { authorization: string } {
  const { identifier, secret } = stack.credentials;
  return { authorization: `Basic ${Buffer.from(`${identifier}:${secret}`).toString("base64")}` };
}
