import { isNotGiven } from "@openticket/contract";
import type { AttachmentEntry } from "./attachment-entries.ts";
import type { AttachmentIntake } from "./attachment-intake.ts";
import { type ByteSink, DISCARD } from "./byte-sink.ts";
import { ScalarEntrySink } from "./entry-sinks.ts";
import type { JsonHandler, JsonScalar } from "./json-handler.ts";

/**
 * Reads the JSON value that lists the attachments: a list of `{name, data}`, or an object of them by number, which is
 * what PHP makes of a list with gaps. `data` streams to its blob; keys that are not known are read over.
 */
export class EntriesReader implements JsonHandler {
  readonly #intake: AttachmentIntake;
  readonly #wholeText: () => ByteSink | undefined;
  #depth = 0;
  #position = 0;
  #isList = false;
  #entryKey = "";
  #property = "";
  #entry: AttachmentEntry | undefined;

  /** `wholeText` takes the text that stands in the place of the list; without it such a text is a scalar like others. */
  constructor(intake: AttachmentIntake, wholeText: () => ByteSink | undefined) {
    this.#intake = intake;
    this.#wholeText = wholeText;
  }

  open(kind: "list" | "object"): void {
    this.#depth++;
    if (this.#depth === 1) {
      this.#isList = kind === "list";
      this.#position = 0;
      this.#intake.beginWhole();
    }
    if (this.#depth === 2) this.#openEntry(kind);
  }

  close(): void {
    if (this.#depth === 2) this.#entry = undefined;
    this.#depth--;
  }

  key(name: string): void {
    if (this.#depth === 1) this.#entryKey = name;
    if (this.#depth === 2) this.#property = name;
  }

  text(): ByteSink | undefined {
    if (this.#depth === 0) return this.#wholeText();
    if (this.#depth === 1) return new ScalarEntrySink((text) => this.#intake.takeScalar(this.#nextLabel(), text));
    if (this.#depth > 2 || this.#entry === undefined) return DISCARD;
    return this.#intake.propertySink(this.#entry, this.#property);
  }

  scalar(value: JsonScalar): void {
    if (this.#depth === 0 && !isNotGiven(value)) this.#intake.refuse("it is not a list of files");
    if (this.#depth === 1) this.#intake.takeScalar(this.#nextLabel(), value);
    if (this.#depth === 2 && this.#entry !== undefined && typeof value === "string") {
      this.#intake.setProperty(this.#entry, this.#property, value);
    }
  }

  #openEntry(kind: "list" | "object"): void {
    const label = this.#nextLabel();
    if (kind === "list") {
      this.#intake.refuse(`${label} is not an object with name and data`);
      return;
    }
    this.#property = "";
    this.#entry = this.#intake.addToWhole(this.#isList ? String(this.#position - 1) : this.#entryKey);
  }

  #nextLabel(): string {
    return `attachments[${this.#isList ? this.#position++ : this.#entryKey.slice(0, 40)}]`;
  }
}
