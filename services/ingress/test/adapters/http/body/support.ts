import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { BodyLimits } from "../../../../src/adapters/http/body/limits.ts";
import { type ReadBody, type ReadBodyDeps, readBody } from "../../../../src/adapters/http/body/read-body.ts";

/** Builders of requests' bodies, and a blob store that remembers. */

export const FORM = "application/x-www-form-urlencoded";
export const JSON_TYPE = "application/json";
export const MULTIPART = "multipart/form-data; boundary=XX";

export const LIMITS: BodyLimits = {
  bodyBytes: 1_000_000,
  fieldBytes: 500_000,
  fields: 100,
  nesting: 4,
  attachments: 5,
  attachmentBytes: 200_000,
  attachmentTotalBytes: 400_000,
  attachmentExtensions: "any",
};

/** Stores in memory. `contentOf` answers as text what was stored under a hash; `failed` are the errors that sources threw. */
export function makeRecordingStore() {
  const blobs = new Map<string, Buffer>();
  const failed: unknown[] = [];
  const storeBlob: ReadBodyDeps["storeBlob"] = async (content) => {
    const parts: Uint8Array[] = [];
    try {
      for await (const part of content) parts.push(part);
    } catch (error) {
      failed.push(error);
      throw error;
    }
    const blob = Buffer.concat(parts);
    const sha256 = createHash("sha256").update(blob).digest("hex");
    blobs.set(sha256, blob);
    return { sha256, size: blob.length };
  };
  return { blobs, failed, storeBlob };
}

export interface ReadOptions extends Partial<Omit<ReadBodyDeps, "limits">> {
  limits?: Partial<BodyLimits>;
  contentLength?: number;
}

/** Reads a body that is all there; files are answered with their content as latin1 text. */
export async function read(body: Buffer | string | readonly Buffer[], contentType: string | undefined, options: ReadOptions = {}) {
  const store = makeRecordingStore();
  const { limits, contentLength, ...deps } = options;
  const pieces = typeof body === "string" ? [Buffer.from(body)] : Buffer.isBuffer(body) ? [body] : [...body];
  const head = { ...(contentType !== undefined && { contentType }), ...(contentLength !== undefined && { contentLength }) };
  const result = await readBody(Readable.from(pieces), head, { storeBlob: store.storeBlob, ...deps, limits: { ...LIMITS, ...limits } });
  return { ...result, files: filesOf(result, store.blobs), store };
}

function filesOf({ attachments }: ReadBody, blobs: ReadonlyMap<string, Buffer>) {
  return attachments.map(({ name, sha256 }) => ({ name, content: blobs.get(sha256)?.toString("latin1") }));
}

export function base64(content: string | Buffer): string {
  return Buffer.from(content).toString("base64");
}

/** The encoding of the reference's example: base64 of JSON of names and base64 contents. */
export function tripleEncoded(files: readonly { name: string; content: string | Buffer }[]): string {
  return base64(JSON.stringify(files.map(({ name, content }) => ({ name, data: base64(content) }))));
}

export function form(fields: Record<string, string> | readonly (readonly [string, string])[]): string {
  const entries = Array.isArray(fields) ? fields : Object.entries(fields);
  return new URLSearchParams(entries.map(([name, value]): [string, string] => [name, value])).toString();
}

/** A part from its Content-Disposition parameters; `headers` are further lines. */
export function part(disposition: string, content: string | Buffer, headers: readonly string[] = []): Buffer {
  const lines = [`Content-Disposition: form-data; ${disposition}`, ...headers, "", ""].join("\r\n");
  return Buffer.concat([Buffer.from("--XX\r\n"), Buffer.from(lines), Buffer.from(content), Buffer.from("\r\n")]);
}

export function multipart(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat([...parts, Buffer.from("--XX--\r\n")]);
}

/** Cuts at the given places, wherever they are. */
export function cut(body: Buffer, places: readonly number[]): Buffer[] {
  const ordered = [0, ...places.map((place) => place % (body.length + 1)).toSorted((a, b) => a - b), body.length];
  return ordered
    .slice(1)
    .map((end, index) => body.subarray(ordered[index], end))
    .filter((piece) => piece.length > 0);
}
