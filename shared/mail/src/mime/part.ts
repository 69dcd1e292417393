import type { TransferEncoding } from "../transfer/encoding-name.ts";
import type { RawHeader } from "./header-block.ts";
import type { Parameterised } from "./parameters.ts";

/** A node of a message: its own headers, and where its body stands in `source`. */
export interface Part {
  headers: readonly RawHeader[];
  /** `type/subtype` in lower case; `value` of contentType may be junk. */
  type: string;
  contentType: Parameterised;
  disposition: Parameterised | undefined;
  encoding: TransferEncoding;
  /** The raw message; other bytes when a multipart was itself encoded. */
  source: Buffer;
  start: number;
  end: number;
  /** Places in `source` are places in the raw message. */
  isInRaw: boolean;
  /** Of a multipart, in order. */
  children: Part[];
  depth: number;
}

/** The first header of that name, raw; undefined when there is none. */
export function rawHeader(headers: readonly RawHeader[], name: string): string | undefined {
  return headers.find((header) => header.name === name)?.value;
}
