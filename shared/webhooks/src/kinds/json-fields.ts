import { z } from "zod";

/** What a JSON text holds, when it is of this shape; undefined when it is missing, no JSON, or of another shape. */
export function parseJson<Shape>(text: string | undefined, shape: z.ZodType<Shape>): Shape | undefined {
  const read = text === undefined ? undefined : readJson(Buffer.from(text), shape);
  return read?.kind === "value" ? read.value : undefined;
}

/** The same of a body, and what is wrong with one that does not fit. Bytes that are no UTF-8 are replaced: nothing here is signed as text. */
export function readJson<Shape>(body: Buffer, shape: z.ZodType<Shape>): { kind: "value"; value: Shape } | { kind: "malformed"; because: string } {
  let json: unknown;
  try {
    json = JSON.parse(body.toString("utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) return { kind: "malformed", because: "the body is no JSON" };
    throw error;
  }
  const { data, error } = shape.safeParse(json);
  return error === undefined ? { kind: "value", value: data } : { kind: "malformed", because: faultOf(error) };
}

function faultOf(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? "the body is of another shape" : `${issue.path.join(".") || "the body"}: ${issue.message}`;
}

/** Those fields of an object that are texts; none of anything else. */
export function textsOf(json: unknown): ReadonlyMap<string, string> {
  const fields = z.record(z.string(), z.unknown()).safeParse(json).data ?? {};
  return new Map(Object.entries(fields).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

/** Base64 as providers write it, with or without line ends; undefined for anything else. */
export function bytesOfBase64(text: string): Buffer | undefined {
  const compact = text.replace(/\s+/g, "");
  return /^[A-Za-z0-9+/_-]*={0,2}$/.test(compact) ? Buffer.from(compact, "base64") : undefined;
}
