import { type Attachments, fileOf, makeAttachments } from "./attachments.ts";
import { charsetHint } from "./charset-hint.ts";
import { classify } from "./classify.ts";
import { type Body, composeBody } from "./compose-body.ts";
import { type Defects, makeDefects } from "./defects.ts";
import { readEnvelope } from "./envelope.ts";
import { MAX_DEPTH, MAX_INSPECTED_BYTES } from "./limits.ts";
import { type Layout, layOut } from "./mime/layout.ts";
import { parameter } from "./mime/parameters.ts";
import { parseMessage } from "./mime/parse-message.ts";
import type { Part } from "./mime/part.ts";
import { bytesOf } from "./part-content.ts";
import { makePartTexts } from "./part-texts.ts";
import { protectionOf } from "./protection.ts";
import { readReport } from "./report/read-report.ts";
import { reportParts } from "./report-parts.ts";
import { describeCalendar } from "./text/calendar.ts";
import { htmlToText } from "./text/html-to-text.ts";
import { sanitizeHtml } from "./text/sanitize-html.ts";
import { visibleText } from "./text/visible-text.ts";
import type { UnderstoodMail } from "./understood-mail.ts";

/**
 * What a raw message says, as far as it can be understood: never throws because of its shape, and its work is linear in
 * the message's size. Attachments are described, not copied out (`decodePart` reads them). `withHtml: false` leaves out the
 * sanitised HTML.
 */
export function understandMail(raw: Uint8Array, { withHtml = true }: { withHtml?: boolean } = {}): UnderstoodMail {
  const defects = makeDefects();
  const root = parseMessage(raw, defects);
  const hint = charsetHint(root);
  const envelope = readEnvelope(root.headers, hint, defects);
  const { body, files } = readBody(root, hint, defects, 0);
  const attachments = makeAttachments(raw, files, hint);
  const text = body.text || insteadOfText(attachments, files, root, hint);
  const html = body.html ?? attachments.tnef?.html;
  const list = [...attachments.list, ...body.files.map(({ name, bytes }) => fileOf(raw, bytes, name))];
  const type = { contentType: root.type, reportType: parameter(root.contentType, "report-type")?.toLowerCase() };
  const report = readReport({ headers: envelope.headers, ...type, parts: reportParts(root, hint) });
  const { kind, because } = classify({
    ...type,
    headers: envelope.headers,
    fromAddress: envelope.from[0]?.address ?? "",
    returnPath: envelope.returnPath,
    subject: envelope.subject,
    text,
    hasAttachments: list.length > 0,
    report,
  });
  return {
    ...envelope,
    kind,
    kindBecause: because,
    text,
    ...ownTexts(text, envelope.subject),
    html: html === undefined || !withHtml ? undefined : sanitizeHtml(html),
    attachments: list.map((part) => ({ ...part, isInline: part.isInline || isShown(part.contentId, html) })),
    report,
    protection: protectionOf(root, text),
    defects: defects.list(),
  };
}

function ownTexts(text: string, subject: string): Pick<UnderstoodMail, "visibleText" | "openingText"> {
  const visible = visibleText(text, { subject });
  const opening = visible === text ? text : visibleText(text, { subject, keepsOriginals: true });
  return { visibleText: visible, ...(opening !== visible && { openingText: opening }) };
}

interface ReadBody {
  body: Body;
  files: Part[];
}

/** Text and files of a message. One that is nothing but another message has that message's text, and the message as its file. */
function readBody(root: Part, hint: string | undefined, defects: Defects, depth: number): ReadBody {
  const texts = makePartTexts(hint, defects);
  const layout = layOut(root, texts.isBlank);
  const own = composeBody(layout.blocks, texts.of);
  const files = [...layout.files, ...texts.cut()];
  const inner = own.text === "" && own.html === undefined && depth < MAX_DEPTH ? onlyMessage(layout) : undefined;
  if (!inner) return { body: own, files };
  const nested = parseMessage(bytesOf(inner, MAX_INSPECTED_BYTES).bytes, defects);
  return { body: { ...readBody(nested, charsetHint(nested), defects, depth + 1).body, files: [] }, files };
}

function onlyMessage({ files }: Layout): Part | undefined {
  const [only, ...others] = files;
  return only && others.length === 0 && /^message\/(?:rfc822|global|partial)$/.test(only.type) ? only : undefined;
}

/** Where no part is text: what a winmail.dat, an invitation or a delivery report says. */
function insteadOfText({ tnef }: Attachments, files: readonly Part[], root: Part, hint: string | undefined): string {
  const packed = tnef?.text ?? (tnef?.html === undefined ? "" : htmlToText(tnef.html));
  if (packed !== "") return packed;
  const calendar = files.find(({ type }) => type === "text/calendar");
  if (calendar) return describeCalendar(makePartTexts(hint, makeDefects()).of(calendar));
  const statuses = reportParts(root, hint).filter(({ contentType }) => contentType === "message/delivery-status");
  return statuses.map(({ text }) => text.trim()).join("\n\n");
}

function isShown(contentId: string | undefined, html: string | undefined): boolean {
  return contentId !== undefined && html?.includes(`cid:${contentId}`) === true;
}
