import type { KindDeps, SourceInUse, SourceKind, WebhookCall } from "../src/source-kind.ts";

/** Builders of calls as providers make them. */
export const NOW = new Date("2026-11-26T12:00:00Z");
export const NOW_S = String(NOW.getTime() / 1000);
export const URL_CALLED = "https://tickets.example.com/webhooks/mail";

/** A call; only what matters is given. */
export function callWith({ body = "", ...rest }: Partial<Omit<WebhookCall, "body">> & { body?: string | Buffer } = {}): WebhookCall {
  return { method: "POST", url: URL_CALLED, headers: {}, ip: "192.0.2.7", receivedAt: NOW, ...rest, body: Buffer.from(body) };
}

export interface Field {
  name: string;
  value: string | Buffer;
  fileName?: string;
  contentType?: string;
}

const fieldsOf = (fields: Record<string, string | Buffer> | Field[]): Field[] =>
  Array.isArray(fields) ? fields : Object.entries(fields).map(([name, value]) => ({ name, value }));

/** Body and headers of an urlencoded form; every byte that is not a letter or digit is escaped. */
export function urlencoded(fields: Record<string, string | Buffer> | Field[]): { body: Buffer; headers: Record<string, string> } {
  const escaped = (value: string | Buffer) =>
    [...Buffer.from(value)]
      .map((byte) => (/[a-z0-9]/i.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, "0")}`))
      .join("");
  const pairs = fieldsOf(fields).map(({ name, value }) => `${escaped(name)}=${escaped(value)}`);
  return { body: Buffer.from(pairs.join("&")), headers: { "content-type": "application/x-www-form-urlencoded" } };
}

/** The same of a multipart form. */
export function multipart(fields: Record<string, string | Buffer> | Field[], boundary = "xYzZY"): { body: Buffer; headers: Record<string, string> } {
  const pieces = fieldsOf(fields).flatMap(({ name, value, fileName, contentType }) => [
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${fileName === undefined ? "" : `; filename="${fileName.replaceAll('"', '\\"')}"`}\r\n`,
    ),
    Buffer.from(`${contentType === undefined ? "" : `Content-Type: ${contentType}\r\n`}\r\n`),
    Buffer.from(value),
    Buffer.from("\r\n"),
  ]);
  return { body: Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]), headers: { "content-type": `multipart/form-data; boundary=${boundary}` } };
}

export const basic = (credentials: string): string => `Basic ${Buffer.from(credentials).toString("base64")}`;

/** Nothing is to be fetched. */
export const noFetch: KindDeps = {
  fetch: () => {
    throw new Error("nothing may be fetched here");
  },
};

/** Verifies a call, and reads it when it was verified. */
export async function take<Settings>(
  kind: SourceKind<Settings>,
  call: WebhookCall,
  source: { settings: Settings; secrets?: string[] },
  deps: KindDeps = noFetch,
) {
  const inUse: SourceInUse<Settings> = { name: "mail", secrets: [], ...source };
  const verdict = await kind.verify(call, inUse, deps);
  return { verdict, reading: verdict.kind === "verified" ? await kind.read(call, inUse, deps) : undefined };
}
