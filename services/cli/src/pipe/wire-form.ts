const [LF, CR, DOT] = [10, 13, 46];

/** Bytes of a mail's beginning that are looked at for its sender. */
const MAX_HEAD = 64 * 1024;

export interface OpenedMail {
  /**
   * Envelope sender as far as the mail tells: in the "From " line that mailbox files have and some mail servers put in
   * front, in Return-Path, or in From. "" is the null sender, which only the first two can say.
   */
  sender: string;
  /** The mail without the "From " line. */
  content: AsyncIterable<Uint8Array>;
}

/** Looks at the beginning. */
export async function openMail(input: AsyncIterable<Uint8Array>): Promise<OpenedMail> {
  const source = input[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < MAX_HEAD && !/\n\r?\n/.test(head.toString("latin1"))) {
    const { done, value } = await source.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  const text = head.toString("latin1");
  const fromLine = /^From (\S+)[^\n]*\n/.exec(text);
  return { sender: fromLine ? named(fromLine[1]) : senderIn(text), content: joined(head.subarray(fromLine?.[0].length ?? 0), source) };
}

function named(sender = ""): string {
  return sender === "MAILER-DAEMON" ? "" : sender;
}

function senderIn(text: string): string {
  const [headers = ""] = text.split(/\n\r?\n/, 1);
  const returnPath = /^return-path:[ \t]*<([^<>\r\n]*)>/im.exec(headers);
  if (returnPath) return named(returnPath[1]);
  const from = /^from:(.{0,2000}(?:\r?\n[ \t].{0,2000}){0,20})/im.exec(headers)?.[1] ?? "";
  return /<([^<>\s]+@[^<>\s]+)>/.exec(from)?.[1] ?? /[^\s<>"(),;:]+@[^\s<>"(),;:]+/.exec(from)?.[0] ?? "";
}

async function* joined(head: Uint8Array, source: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  for (let next = await source.next(); !next.done; next = await source.next()) yield next.value;
}

/** The mail as SMTP carries it: every line ends in CRLF, a dot at the beginning of one is doubled, and a lone dot ends it. */
export async function* wireForm(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isLineStart = true;
  let isAfterCr = false;
  for await (const chunk of content) {
    const out = Buffer.allocUnsafe(chunk.length * 2);
    let length = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (byte === LF && !isAfterCr) out[length++] = CR;
      if (byte === DOT && isLineStart) out[length++] = DOT;
      out[length++] = byte;
      isLineStart = byte === LF;
      isAfterCr = byte === CR;
    }
    yield out.subarray(0, length);
  }
  yield Buffer.from(isLineStart ? ".\r\n" : "\r\n.\r\n");
}
