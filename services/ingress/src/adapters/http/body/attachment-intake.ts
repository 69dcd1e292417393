import { type AttachmentRef, attachmentContentType, attachmentName, extensionOf, isNotGiven, type RequestError } from "@openticket/contract";
import { AttachmentEntries, type AttachmentEntry } from "./attachment-entries.ts";
import { Base64Sink } from "./base64-sink.ts";
import type { BlobChannel } from "./blob-channel.ts";
import type { BlobSpool } from "./blob-spool.ts";
import { type ByteSink, DISCARD } from "./byte-sink.ts";
import { FileSink, ScalarEntrySink } from "./entry-sinks.ts";
import { AttachmentRefused } from "./errors.ts";
import type { BodyLimits } from "./limits.ts";
import { TextBudget, TextSink } from "./text.ts";

/** What a file takes at most, however large, bytes: twice what a store writes at once. */
const MOST_OF_FILE_BYTES = 512 * 1024;

const WANTED = 'send base64 of JSON [{"name":"a.txt","data":"<base64>"}], file parts attachments[], or fields attachments[0][name] and attachments[0][data]';

/**
 * The attachments of one request, in whatever encodings they come.
 *
 * Each encoding ends in the same three steps: an entry is made, named, and given a blob that its content streams to.
 * Of the value `attachments=...` the last one counts; entries in brackets and file parts add to it, so that no file is
 * lost to a second encoding. One unreadable attachment makes all of them unreadable: a ticket is not opened without
 * its files. That is a problem for the worker to report, while a limit that is exceeded ends the request at once.
 */
export class AttachmentIntake {
  readonly limits: BodyLimits;
  /** Shared by all fields of a form. */
  readonly textBudget: TextBudget;
  readonly #spool: BlobSpool;
  readonly #extensions: ReadonlySet<string> | undefined;
  #whole = new AttachmentEntries();
  readonly #bracketed = new AttachmentEntries();
  readonly #files = new AttachmentEntries();
  #reason: string | undefined;
  #count = 0;
  #totalBytes = 0;
  #fileBytes = 0;

  constructor(limits: BodyLimits, spool: BlobSpool) {
    this.limits = limits;
    this.textBudget = new TextBudget(limits.fieldBytes);
    this.#spool = spool;
    const { attachmentExtensions: extensions } = limits;
    if (extensions !== "any") this.#extensions = new Set(extensions);
  }

  /** Memory that the body's text and its files may take by now, bytes. */
  get heldBytes(): number {
    return this.textBudget.heldBytes + this.#fileBytes;
  }

  /** For a form field `attachments[key]…`. */
  fieldSink(key: string, property: string | undefined): ByteSink {
    if (property === undefined) return new ScalarEntrySink((text) => this.takeScalar(`attachments[${key.slice(0, 40)}]`, text));
    const entry = this.#bracketed.get(key) ?? this.#admit(this.#bracketed, key);
    return this.propertySink(entry, property) ?? new TextSink(this.textBudget, (text) => this.setProperty(entry, property, text));
  }

  /** For a part of a multipart body that has a file name, however empty. */
  fileSink(key: string, file: { name: string; contentType?: string }): ByteSink {
    return new FileSink(file.name !== "", () => {
      const entry = this.#admit(this.#files, key);
      this.setProperty(entry, "name", file.name);
      if (file.contentType !== undefined) entry.contentType = file.contentType;
      return this.#openBlob(entry);
    });
  }

  /** Starts the list of a value that holds all attachments; an earlier such value counts no more. */
  beginWhole(): void {
    this.#whole = new AttachmentEntries();
  }

  /** An entry of the value that holds all attachments. */
  addToWhole(key: string): AttachmentEntry {
    return this.#admit(this.#whole, key);
  }

  /** Where a property's content goes, when it is not kept as text: `data`, and what is not read at all. */
  propertySink(entry: AttachmentEntry, property: string): ByteSink | undefined {
    if (property === "data") return new Base64Sink(this.#openBlob(entry), () => this.refuse(`${entry.label} has data that is not base64`));
    return property === "name" || property === "filename" || property === "contentType" ? undefined : DISCARD;
  }

  setProperty(entry: AttachmentEntry, property: string, text: string): void {
    if (property === "contentType") {
      entry.contentType = text;
      return;
    }
    const name = attachmentName(text);
    if (name === undefined || (property === "filename" && entry.name !== undefined)) return;
    entry.name = name;
    if (this.#extensions !== undefined && !this.#extensions.has(extensionOf(name))) {
      const allowed = [...this.#extensions].join(", ");
      throw new AttachmentRefused(
        "extension-not-allowed",
        `files of the type ${JSON.stringify(extensionOf(name).slice(0, 20))} are not accepted; accepted are: ${allowed}`,
      );
    }
  }

  /** A value in the place of an entry that is no object. */
  takeScalar(label: string, value: unknown): void {
    if (!isNotGiven(value)) this.refuse(`${label} is not an object with name and data`);
  }

  /** Notes what cannot be read. The first finding counts; what follows is read over. */
  refuse(reason: string): void {
    this.#reason ??= reason;
    this.#spool.abandonOpen();
  }

  /** What arrived, when all of it is stored. */
  result(): { attachments: AttachmentRef[]; problems: RequestError[] } {
    const entries = [this.#whole, this.#bracketed, this.#files].flatMap((some) => some.inOrder());
    const incomplete = entries.find(({ name, blob }) => name === undefined || blob === undefined);
    if (incomplete !== undefined) this.refuse(`${incomplete.label} has no ${incomplete.name === undefined ? "name" : "data"}`);
    if (this.#reason === undefined) return { attachments: entries.map(toRef), problems: [] };
    const message = `attachments could not be read: ${this.#reason}; ${WANTED}`;
    return { attachments: [], problems: [{ code: "attachments_invalid", field: "attachments", message }] };
  }

  #admit(entries: AttachmentEntries, key: string): AttachmentEntry {
    if (++this.#count > this.limits.attachments) {
      throw new AttachmentRefused("too-many", `a request may have at most ${this.limits.attachments} attachments`);
    }
    return entries.put(key);
  }

  #openBlob(entry: AttachmentEntry): ByteSink {
    if (this.#reason !== undefined) return DISCARD;
    const channel = this.#spool.open();
    entry.blob = channel;
    return { write: (bytes) => this.#writeBlob(channel, bytes), end: () => channel.end() };
  }

  #writeBlob(channel: BlobChannel, bytes: Buffer): void {
    const { attachmentBytes, attachmentTotalBytes } = this.limits;
    this.#totalBytes += bytes.length;
    if (channel.size + bytes.length > attachmentBytes) throw new AttachmentRefused("too-large", `an attachment may have at most ${attachmentBytes} bytes`);
    if (this.#totalBytes > attachmentTotalBytes) {
      throw new AttachmentRefused("too-large-together", `the attachments of a request may have at most ${attachmentTotalBytes} bytes together`);
    }
    this.#fileBytes += Math.min(bytes.length, Math.max(0, MOST_OF_FILE_BYTES - channel.size));
    channel.write(bytes);
  }
}

function toRef({ label, name, contentType, blob }: AttachmentEntry): AttachmentRef {
  const stored = blob?.stored;
  if (name === undefined || stored === undefined) throw new Error(`${label} was neither stored nor refused`);
  if (stored.size !== blob?.size) throw new Error(`the blob store kept ${stored.size} bytes of ${blob?.size}`);
  return { name, contentType: attachmentContentType(name, contentType), size: stored.size, sha256: stored.sha256 };
}
