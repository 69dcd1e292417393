import { z } from "zod";
import type { Reading, SourceInUse, SourceKind, WebhookCall } from "../source-kind.ts";
import { verifyAuthorization } from "./authorization.ts";
import { eventDocument, MAX_ID } from "./bodies.ts";
import { ALGORITHMS } from "./hmac.ts";
import { VERIFIED } from "./refusals.ts";
import { authorizationSecret } from "./secret-rules.ts";
import { verifySignedBody } from "./signed-body.ts";
import { MAX_EVENT_BYTES, USUAL_STATUSES } from "./statuses.ts";
import { headerName, toleranceSeconds } from "./tolerance.ts";

const settings = z
  .strictObject({
    /** `bearer` and `basic`: the header `Authorization`; the secret of `basic` is `user:password`. `hmac`: a signature of the body. */
    authentication: z.enum(["bearer", "basic", "hmac"]).default("bearer"),
    /** Of `hmac`: the header with the signature, and how that is made. */
    signatureHeader: headerName.prefault("X-Signature"),
    algorithm: z.enum(ALGORITHMS).default("sha256"),
    encoding: z.enum(["hex", "base64"]).default("hex"),
    /** What stands before the signature, such as `sha256=`. */
    prefix: z.string().max(50).default(""),
    /** The header with a Unix time in seconds, where that is signed before the body, with the separator between them. */
    timestampHeader: headerName.optional(),
    timestampSeparator: z.string().max(10).default("."),
    toleranceSeconds,
    /** Where the event's id is: in a header, or at a JSON pointer (RFC 6901) into the event. Neither: its body is its id. */
    idHeader: headerName.optional(),
    idPointer: z
      .string()
      .regex(/^(\/([^/~]|~[01])*)+$/, "expected a JSON pointer such as /event/id")
      .optional(),
  })
  .refine(({ idHeader, idPointer }) => idHeader === undefined || idPointer === undefined, {
    path: ["idPointer"],
    error: "the id is either in a header or in the body",
  });

/**
 * Anything that sends JSON: with a bearer token or basic authentication, or signed by HMAC as its settings say.
 *
 * | outcome | status |
 * | --- | --- |
 * | accepted, ignored | 200 |
 * | unauthenticated, stale | 401 |
 * | malformed, too-large | 400, 413 |
 * | unavailable | 503 and Retry-After: send it again |
 *
 * What a sender does with them is its own; by these it can tell what to send again (503) from what will not get better.
 * One call is one event: a list of several is malformed, unless a mapping of the source's own says what it means.
 */
export const jsonKind: SourceKind<z.output<typeof settings>> = {
  name: "json",
  brings: "events",
  settings,
  secrets: authorizationSecret("webhook"),
  maxBodyBytes: MAX_EVENT_BYTES,
  statuses: USUAL_STATUSES,
  verifyHead: (head, { settings: { authentication }, secrets }) => (authentication === "hmac" ? VERIFIED : verifyAuthorization(head, authentication, secrets)),
  async verify(call, { settings: how, secrets }) {
    return how.authentication === "hmac" ? verifySignedBody(call, how, secrets) : verifyAuthorization(call, how.authentication, secrets);
  },
  read: async (call, source) => read(call, source),
};

function read(call: WebhookCall, { settings: { idHeader, idPointer }, isMapped = false }: SourceInUse<z.output<typeof settings>>): Reading {
  const document = eventDocument(call.body, call.headers["content-type"]);
  if (document.kind === "malformed") return document;
  if (!isMapped && holdsSeveral(document.value)) return { kind: "malformed", because: SEVERAL };
  const id = idHeader === undefined ? idPointer && valueAt(document.value, idPointer) : call.headers[idHeader];
  if (id === undefined || id === null || id === "") return { kind: "event" };
  if (typeof id !== "string" && typeof id !== "number") return { kind: "malformed", because: `the id of the event at ${idPointer} is neither text nor number` };
  const text = String(id);
  return text.length <= MAX_ID ? { kind: "event", id: text } : { kind: "malformed", because: `the id of the event has more than ${MAX_ID} characters` };
}

const SEVERAL = "the body is a list of several events: send each in a call of its own, or give the source a mapping that makes one ticket of a list";

function holdsSeveral(value: unknown): boolean {
  return Array.isArray(value) && value.length > 1;
}

/** The value at a JSON pointer; undefined when there is none. */
function valueAt(document: unknown, pointer: string): unknown {
  const steps = pointer
    .slice(1)
    .split("/")
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  let value: unknown = document;
  for (const step of steps) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}
