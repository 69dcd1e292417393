import type { ByteSink } from "./byte-sink.ts";

export type JsonScalar = string | number | boolean | null;

/** Told of a document's structure as it arrives. */
export interface JsonHandler {
  open(kind: "list" | "object"): void;
  close(): void;
  key(name: string): void;
  scalar(value: JsonScalar): void;
  /** A string value begins: where its bytes go, or undefined to get it as a scalar. */
  text(): ByteSink | undefined;
}

export interface JsonLimits {
  /** Bytes of keys, scalars and structure, all together: everything but the strings that go to sinks. */
  textBytes: number;
  /** Lists and objects within one another, the outermost counted. */
  depth: number;
}

/** The document is not JSON. The message names a place and no content. */
export class BrokenJson extends Error {
  override readonly name = "BrokenJson";
}
