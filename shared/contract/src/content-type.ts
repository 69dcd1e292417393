/** Content types of common files, for parts that come without one of their own. */
const BY_EXTENSION: ReadonlyMap<string, string> = new Map(
  Object.entries({
    bmp: "image/bmp",
    bz2: "application/x-bzip2",
    csv: "text/csv",
    doc: "application/msword",
    docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    eml: "message/rfc822",
    gif: "image/gif",
    gz: "application/gzip",
    heic: "image/heic",
    htm: "text/html",
    html: "text/html",
    jpeg: "image/jpeg",
    jpg: "image/jpeg",
    json: "application/json",
    log: "text/plain",
    md: "text/markdown",
    mov: "video/quicktime",
    mp3: "audio/mpeg",
    mp4: "video/mp4",
    odt: "application/vnd.oasis.opendocument.text",
    ods: "application/vnd.oasis.opendocument.spreadsheet",
    pdf: "application/pdf",
    png: "image/png",
    ppt: "application/vnd.ms-powerpoint",
    pptx: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    rar: "application/vnd.rar",
    rtf: "application/rtf",
    svg: "image/svg+xml",
    tar: "application/x-tar",
    tif: "image/tiff",
    tiff: "image/tiff",
    txt: "text/plain",
    wav: "audio/wav",
    webp: "image/webp",
    xls: "application/vnd.ms-excel",
    xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    xml: "application/xml",
    zip: "application/zip",
    "7z": "application/x-7z-compressed",
  }),
);

const UNKNOWN = "application/octet-stream";
/** `type/subtype` of RFC 6838 names; parameters are not kept. */
const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/;

/** The content type of an attachment: the sender's own if it is one and says anything, else by the name's extension. */
export function attachmentContentType(name: string, given: string | undefined): string {
  const own = mediaType(given);
  if (MEDIA_TYPE.test(own) && own !== UNKNOWN && own.length <= 255) return own;
  return BY_EXTENSION.get(extensionOf(name)) ?? UNKNOWN;
}

/** The media type of a Content-Type header, in lower case and without parameters. */
export function mediaType(header: string | undefined): string {
  return (header ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/** The extensions that files may have, as {@link extensionOf} gives them; of none listed, any. Listed with or without their dot, in any case. */
export function allowedExtensions(listed: readonly string[]): readonly string[] | "any" {
  return listed.length > 0 ? listed.map((extension) => extension.replace(/^\./, "").toLowerCase()) : "any";
}

/** What stands after the last dot, in lower case; empty when there is no dot. */
export function extensionOf(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot === -1 ? "" : name.slice(dot + 1).toLowerCase();
}
