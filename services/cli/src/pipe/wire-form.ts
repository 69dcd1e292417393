import { senderIn } from "./sender.ts";

const [LF, CR, DOT] = [10, 13, 46];

/** Bytes of a mail's beginning that are looked at for its sender. */
const MAX_HEAD = 64 * 1024;

export interface OpenedMail {
  /** Envelope sender as far as the mail tells; see {@link senderIn}. */
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
  const { sender, lineLength } = senderIn(head.toString("latin1"));
  return { sender, content: joined(head.subarray(lineLength), source) };
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
