import { createSocket } from "node:dgram";
import { once } from "node:events";

/** A DNS server on loopback that knows the TXT records it is given, and that there is nothing else. */
export interface DnsStub {
  /** As in `MAIL_DNS_SERVERS`. */
  address: string;
  /** Names by their text, changed as a test likes. */
  texts: Map<string, string>;
  stop(): Promise<void>;
}

const HEADER_BYTES = 12;
const TXT = 16;
const NO_SUCH_NAME = 3;

/** Starts a {@link DnsStub}. Answers one question at a time, over UDP alone. */
export async function startDnsStub(texts: Record<string, string> = {}): Promise<DnsStub> {
  const known = new Map(Object.entries(texts));
  const socket = createSocket("udp4");
  socket.on("message", (query, { address, port }) => socket.send(answer(query, known), port, address));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    texts: known,
    stop: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function answer(query: Buffer, texts: ReadonlyMap<string, string>): Buffer {
  const { name, end } = readName(query, HEADER_BYTES);
  const text = query.readUInt16BE(end) === TXT ? texts.get(name.toLowerCase()) : undefined;
  const question = query.subarray(HEADER_BYTES, end + 4);
  const header = Buffer.from(query.subarray(0, HEADER_BYTES));
  header.writeUInt16BE(0x8580 | (text === undefined && !texts.has(name.toLowerCase()) ? NO_SUCH_NAME : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(text === undefined ? 0 : 1, 6);
  header.writeUInt32BE(0, 8);
  return Buffer.concat([header, question, ...(text === undefined ? [] : [record(text)])]);
}

function readName(message: Buffer, start: number): { name: string; end: number } {
  const labels: string[] = [];
  let at = start;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString("latin1", at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join("."), end: at + 1 };
}

/** A TXT record of the question's name; text comes in pieces of at most 255 bytes. */
function record(text: string): Buffer {
  const pieces: Buffer[] = [];
  for (let start = 0; start < text.length; start += 255) {
    const piece = Buffer.from(text.slice(start, start + 255), "latin1");
    pieces.push(Buffer.from([piece.length]), piece);
  }
  const data = Buffer.concat(pieces);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(TXT, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(60, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}
