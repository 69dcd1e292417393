import type { AttachmentIntake } from "./attachment-intake.ts";
import { AttachmentText } from "./attachment-text.ts";
import { type ByteSink, DISCARD } from "./byte-sink.ts";
import { type FieldPath, parseFieldName } from "./field-name.ts";
import { ParamTree } from "./param-tree.ts";
import { decodeFieldText, TextSink } from "./text.ts";

const ATTACHMENTS = "attachments";

/** The fields of a form, urlencoded or multipart: attachments go to their intake, the others become parameters. */
export class FormFields {
  readonly #intake: AttachmentIntake;
  readonly #tree: ParamTree;

  constructor(intake: AttachmentIntake) {
    this.#intake = intake;
    this.#tree = new ParamTree(intake.limits);
  }

  toParams(): Record<string, unknown> {
    return this.#tree.toParams();
  }

  /** The place of a field whose value is a plain parameter; undefined for one that `sinkFor` must take. */
  plainPath(name: string): FieldPath | undefined {
    const path = parseFieldName(name);
    return path === undefined || path.root === ATTACHMENTS ? undefined : path;
  }

  setBytes(path: FieldPath, bytes: Buffer): void {
    this.#admit(path);
    this.#intake.textBudget.spend(bytes.length);
    this.#tree.set(path, decodeFieldText(bytes));
  }

  /** Where the value of a field goes. */
  sinkFor(name: string): ByteSink {
    const path = parseFieldName(name);
    if (path === undefined) return DISCARD;
    this.#admit(path);
    if (path.root !== ATTACHMENTS) return new TextSink(this.#intake.textBudget, (text) => this.#tree.set(path, text));
    const [key, property] = path.keys;
    return key === undefined ? new AttachmentText(this.#intake) : this.#intake.fieldSink(key, property);
  }

  /** Where the content of a file part goes. Files of other names are unknown parameters, which are ignored. */
  fileSinkFor(name: string, file: { name: string; contentType?: string }): ByteSink {
    const path = parseFieldName(name);
    if (path === undefined) return DISCARD;
    this.#admit(path);
    return path.root === ATTACHMENTS ? this.#intake.fileSink(path.keys[0] ?? "", file) : DISCARD;
  }

  #admit(path: FieldPath): void {
    this.#tree.admit(path);
    this.#intake.textBudget.noteName(path);
  }
}
