import { withoutComments } from "../mime/parameters.ts";

export type TransferEncoding = "identity" | "base64" | "quoted-printable" | "uuencode";

/** What a Content-Transfer-Encoding header means, misspelt as it may be; undefined when it says nothing we know. */
export function transferEncoding(header: string): TransferEncoding | undefined {
  const name = withoutComments(header)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "");
  if (name.includes("base64") || name === "b64" || name === "b") return "base64";
  if (name.includes("quoted") || name.includes("printable") || name === "qp" || name === "q") return "quoted-printable";
  if (name.includes("uuencode") || name === "xuue" || name === "uue" || name === "xuu") return "uuencode";
  if (/^(?:7|8)bits?/.test(name) || name.startsWith("binary")) return "identity";
  return undefined;
}
