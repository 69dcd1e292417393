import type { AttachmentIntake } from "./attachment-intake.ts";
import { AttachmentText } from "./attachment-text.ts";
import type { ByteSink } from "./byte-sink.ts";
import { EntriesReader } from "./entries-reader.ts";
import { MalformedBody } from "./errors.ts";
import type { JsonHandler, JsonScalar } from "./json-handler.ts";
import { FORBIDDEN_KEY } from "./param-tree.ts";
import { KEY_BYTES } from "./text.ts";

interface Level {
  container: unknown[] | Record<string, unknown>;
  key: string;
}

/** Builds the parameters of a JSON body; what stands under `attachments` goes to the intake instead. */
export class DocumentBuilder implements JsonHandler {
  readonly #intake: AttachmentIntake;
  readonly #root: Record<string, unknown> = Object.create(null);
  readonly #levels: Level[] = [];
  #values = 0;
  /** Told of everything inside `attachments`, and how deep it is in there. */
  #entries: EntriesReader | undefined;
  #entriesDepth = 0;

  constructor(intake: AttachmentIntake) {
    this.#intake = intake;
  }

  params(): Record<string, unknown> {
    return this.#root;
  }

  open(kind: "list" | "object"): void {
    if (this.#entries !== undefined) {
      this.#entriesDepth++;
      this.#entries.open(kind);
      return;
    }
    if (this.#levels.length > 0) {
      this.#push(kind === "list" ? [] : Object.create(null));
      return;
    }
    if (kind === "list") throw new MalformedBody("the JSON body must be an object of parameters");
    this.#levels.push({ container: this.#root, key: "" });
  }

  close(): void {
    if (this.#entries === undefined) {
      this.#levels.pop();
      return;
    }
    this.#entries.close();
    if (--this.#entriesDepth === 0) this.#entries = undefined;
  }

  key(name: string): void {
    if (this.#entries !== undefined) {
      this.#entries.key(name);
      return;
    }
    const level = this.#levels.at(-1);
    if (level !== undefined) level.key = name;
    if (this.#levels.length === 1 && name === "attachments") this.#entries = new EntriesReader(this.#intake, () => this.#attachmentText());
  }

  text(): ByteSink | undefined {
    return this.#entries?.text();
  }

  scalar(value: JsonScalar): void {
    if (this.#entries === undefined) {
      this.#add(value);
      return;
    }
    this.#entries.scalar(value);
    if (this.#entriesDepth === 0) this.#entries = undefined;
  }

  /** `attachments` as one text, after which the document goes on. */
  #attachmentText(): ByteSink {
    const sink = new AttachmentText(this.#intake);
    const end = () => {
      this.#entries = undefined;
      sink.end();
    };
    return { write: (bytes) => sink.write(bytes), end };
  }

  #push(container: Level["container"]): void {
    this.#add(container);
    this.#levels.push({ container, key: "" });
  }

  #add(value: unknown): void {
    const level = this.#levels.at(-1);
    if (level === undefined) throw new MalformedBody("the JSON body must be an object of parameters");
    const { fields } = this.#intake.limits;
    if (++this.#values > fields) throw new MalformedBody(`the body has more than ${fields} values`);
    this.#intake.textBudget.note(KEY_BYTES);
    if (Array.isArray(level.container)) level.container.push(value);
    else if (level.key !== FORBIDDEN_KEY) level.container[level.key] = value;
  }
}
