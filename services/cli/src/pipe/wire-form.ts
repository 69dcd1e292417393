const [LF, CR, DOT] = [10, 13, 46];

/** Bytes that may come before the first line end and still be a mailbox file's "From " line. */
const MAX_FROM_LINE = 2000;

export interface OpenedMail {
  /** Sender in the "From " line that mailbox files have and some mail servers put in front. */
  mboxSender: string | undefined;
  /** The mail without that line. */
  content: AsyncIterable<Uint8Array>;
}

/** Looks at the first line. */
export async function openMail(input: AsyncIterable<Uint8Array>): Promise<OpenedMail> {
  const source = input[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < MAX_FROM_LINE && !head.includes(LF) && isFromLine(head)) {
    const { done, value } = await source.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  const end = head.indexOf(LF);
  const hasFromLine = end !== -1 && head.length >= 5 && isFromLine(head);
  const [, mboxSender] = hasFromLine ? (/^From (\S+)/.exec(head.subarray(0, end).toString("latin1")) ?? []) : [];
  return { mboxSender: mboxSender === "MAILER-DAEMON" ? "" : mboxSender, content: joined(hasFromLine ? head.subarray(end + 1) : head, source) };
}

function isFromLine(head: Buffer): boolean {
  return "From ".startsWith(head.subarray(0, 5).toString("latin1"));
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
