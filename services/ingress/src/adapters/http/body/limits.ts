/** What a body may hold, and of a query `fields` and `nesting`. Sizes in bytes. */
export interface BodyLimits {
  /** Raw bytes of the whole body, as they are sent. */
  bodyBytes: number;
  /** The fields that are no attachments, decoded and all together; of a JSON document, all but its attachments' content. */
  fieldBytes: number;
  /** Fields of a form, or values of a JSON document outside its attachments. */
  fields: number;
  /** Levels of brackets in a field's name, or of lists and objects inside the top one of a JSON document. */
  nesting: number;
  /** Attachments of one request. */
  attachments: number;
  /** Content of one attachment, and of all together, decoded. */
  attachmentBytes: number;
  attachmentTotalBytes: number;
  /** In lower case, without their dot. */
  attachmentExtensions: readonly string[] | "any";
}
