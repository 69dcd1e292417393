import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";
import type { Random } from "./random.ts";

/** One mail that was taken for good. */
export interface TakenMail {
  messageId: string;
  /** Number of the ticket that it tells of, and whom it tells. */
  tid: string;
  to: string;
  template: string;
  atMs: number;
}

export interface Sink {
  url: string;
  taken: readonly TakenMail[];
  /** Mails refused for now. */
  refused(): number;
  /** Refuses none and takes each at once, from here on. */
  behave(): void;
  close(): Promise<void>;
}

/** Share of mails that are refused with 451. */
const REFUSED_SHARE = 0.04;
/** A relay takes its time, so that a crash finds mails on their way, ms. */
const SLOWEST_MS = 120;
/** Share that takes much longer. */
const VERY_SLOW_SHARE = 0.02;
const VERY_SLOW_MS = 1500;

/** A mail relay that keeps a list of what it took. A mail counts as taken from the moment at which its sender is told so. */
export async function startSink(random: Random): Promise<Sink> {
  const taken: TakenMail[] = [];
  let refused = 0;
  let isModel = false;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS", "AUTH"],
    disableReverseLookup: true,
    logger: false,
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const isRefused = !isModel && random.chance(REFUSED_SHARE);
        const delayMs = isModel ? 0 : random.chance(VERY_SLOW_SHARE) ? VERY_SLOW_MS : random.between(0, SLOWEST_MS);
        setTimeout(() => {
          if (isRefused) {
            refused++;
            return callback(Object.assign(new Error("4.3.0 try again later"), { responseCode: 451 }));
          }
          taken.push(readMail(Buffer.concat(chunks), session.envelope.rcptTo[0]?.address ?? ""));
          callback();
        }, delayMs);
      });
    },
  });
  // A sender that is killed leaves its connection in the middle of a word.
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    taken,
    refused: () => refused,
    behave() {
      isModel = true;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function readMail(content: Buffer, to: string): TakenMail {
  const head = (content.toString("utf8").split("\r\n\r\n", 1)[0] ?? "").replace(/\r\n[ \t]+/g, " ");
  const header = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, "im").exec(head)?.[1]?.trim() ?? "";
  const tid = /\[Ticket ID: (\d+)\]/.exec(header("Subject"))?.[1] ?? "";
  return { messageId: header("Message-ID"), tid, to: to.toLowerCase(), template: header("X-OpenTicket-Template"), atMs: performance.now() };
}
