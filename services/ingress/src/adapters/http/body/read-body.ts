import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { type AttachmentRef, mediaType, type RequestError } from "@openticket/contract";
import { AttachmentIntake } from "./attachment-intake.ts";
import type { StoredBlob } from "./blob-channel.ts";
import { BlobSpool } from "./blob-spool.ts";
import type { BodyReader } from "./body-reader.ts";
import { ByteSource } from "./byte-source.ts";
import { BodyTooLarge, UnsupportedBody } from "./errors.ts";
import { Interrupt } from "./interrupt.ts";
import { JsonReader } from "./json-reader.ts";
import type { BodyLimits } from "./limits.ts";
import { MultipartReader } from "./multipart-reader.ts";
import { UrlencodedReader } from "./urlencoded-reader.ts";

export type { BodyLimits } from "./limits.ts";
export { parseQuery } from "./parse-query.ts";

/** What the request's headers say of its body. */
export interface BodyHead {
  contentType?: string;
  contentLength?: number;
  contentEncoding?: string;
}

/** The same in a request's own headers, which may be passed as they are. */
export type BodyHeaders = Pick<IncomingHttpHeaders, "content-type" | "content-length" | "content-encoding">;

export interface ReadBodyDeps {
  limits: BodyLimits;
  /** Stores content while it arrives; what it throws is passed on untouched. When reading fails, `content` throws. */
  storeBlob(content: AsyncIterable<Uint8Array>, meta: { maxBytes: number }): Promise<StoredBlob>;
  /** Called once, before the first attachment is stored, with what is known by then. What it throws ends the request. */
  beforeFirstBlob?(paramsSoFar: Record<string, unknown>): Promise<void>;
  /**
   * Called between pieces with the memory that the body may take by now, bytes, and what is known by then. A promise is
   * awaited before more is read; what it throws ends the request.
   */
  onHeld?(heldBytes: number, paramsSoFar: () => Record<string, unknown>): Promise<void> | undefined;
  /** Called when reading fails, with what is known by then. */
  onFailure?(paramsSoFar: Record<string, unknown>): void;
}

export interface ReadBody {
  /** Without prototypes, and without `attachments`. */
  params: Record<string, unknown>;
  /** In the order of their numbers, or of arrival. Empty when `problems` says that they cannot be read. */
  attachments: AttachmentRef[];
  problems: RequestError[];
}

/**
 * Reads a request's body into parameters, while its attachments stream to the blob store: memory stays at a few
 * megabytes whatever their size. An empty body is one without parameters, whatever its content type; a body without a
 * content type is read as a form, because a caller that forgets the header has sent what its HTTP library made of a map.
 *
 * Throws BodyTooLarge, UnsupportedBody, MalformedBody, AttachmentRefused, BodyAborted, and what `deps` throw. The
 * stream is then paused and intact: answer, and `drain` it.
 */
export async function readBody(stream: Readable, head: BodyHead | BodyHeaders, deps: ReadBodyDeps): Promise<ReadBody> {
  const { contentType, contentLength, contentEncoding = "identity" } = headOf(head);
  if (contentLength === 0) return { params: Object.create(null), attachments: [], problems: [] };
  const { limits } = deps;
  if (contentLength !== undefined && contentLength > limits.bodyBytes) throw new BodyTooLarge(limits.bodyBytes);
  if (contentEncoding.toLowerCase() !== "identity") throw new UnsupportedBody(contentType ?? "", "send the body as it is, without a content encoding");
  const interrupt = new Interrupt();
  const source = new ByteSource(stream, limits.bodyBytes, interrupt);
  let reader: BodyReader | undefined;
  const paramsSoFar = () => reader?.params() ?? {};
  const beforeFirstBlob = async () => deps.beforeFirstBlob?.(paramsSoFar());
  const spool = new BlobSpool({ storeBlob: deps.storeBlob, beforeFirstBlob, interrupt, maxBytes: limits.attachmentBytes });
  const intake = new AttachmentIntake(limits, spool);
  try {
    for (let piece = await source.next(); piece !== undefined; piece = await source.next()) {
      reader ??= makeReader(contentType, intake);
      await reader.push(piece);
      const held = deps.onHeld?.(intake.heldBytes, paramsSoFar);
      if (held) await interrupt.until(held);
      await spool.settle();
    }
    await reader?.end();
    await spool.finish();
    return { params: reader?.params() ?? Object.create(null), ...intake.result() };
  } catch (error) {
    source.release();
    await spool.abort(error);
    deps.onFailure?.(paramsSoFar());
    throw error;
  } finally {
    source.release();
  }
}

function headOf(head: BodyHead | BodyHeaders): BodyHead {
  if (!isHeaders(head)) return head;
  const { "content-type": contentType, "content-length": length, "content-encoding": contentEncoding } = head;
  return {
    ...(contentType !== undefined && { contentType }),
    ...(length !== undefined && { contentLength: Number(length) }),
    ...(contentEncoding !== undefined && { contentEncoding }),
  };
}

function isHeaders(head: BodyHead | BodyHeaders): head is BodyHeaders {
  return "content-type" in head || "content-length" in head || "content-encoding" in head;
}

function makeReader(contentType: string | undefined, intake: AttachmentIntake): BodyReader {
  const type = mediaType(contentType);
  if (type === "" || type === "application/x-www-form-urlencoded") return new UrlencodedReader(intake);
  if (type === "multipart/form-data") return new MultipartReader(intake, contentType ?? "");
  if (type === "application/json" || type === "text/json" || type.endsWith("+json")) return new JsonReader(intake);
  throw new UnsupportedBody(type);
}
