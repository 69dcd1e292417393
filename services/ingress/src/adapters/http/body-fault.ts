import type { RequestError } from "@openticket/contract";
import { AttachmentRefused, BodyAborted, BodyTooLarge, MalformedBody, UnsupportedBody } from "./body/errors.ts";

export interface BodyFault {
  status: 400 | 413 | 415 | 422;
  message: string;
  /** What is wrong with the ticket itself. */
  errors?: RequestError[];
}

/** The status and words for a body that could not be read; undefined for any other error. 422: understood, but not allowed. */
export function bodyFault(error: unknown): BodyFault | undefined {
  if (error instanceof BodyTooLarge) return { status: 413, message: error.message };
  if (error instanceof UnsupportedBody) return { status: 415, message: error.message };
  if (error instanceof AttachmentRefused)
    return { status: 422, message: error.message, errors: [{ code: "attachments_refused", field: "attachments", message: error.message }] };
  if (error instanceof MalformedBody || error instanceof BodyAborted) return { status: 400, message: error.message };
  return undefined;
}
