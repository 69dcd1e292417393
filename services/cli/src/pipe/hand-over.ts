import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Target } from "./options.ts";
import { wireForm } from "./wire-form.ts";

/** What the door said: `later` also when there was none, or it did not speak. */
export type HandedOver = { kind: "accepted"; words: string } | { kind: "refused"; code: number; words: string } | { kind: "later"; words: string };

/** The door is silent for this long: it is taken for away, ms. Its own patience with a store is shorter. */
const SILENCE_MS = 120_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** What is said of an address whose form is wrong (RFC 5321 4.3.2). */
const SENDER_UNREADABLE = [501, 553];
/** The door shows what says this name as handed over by a pipe. */
const HELO = "opentickets-pipe";

/** Hands a mail over by LMTP or SMTP. Never throws for what the door does; throws when `content` fails. */
export async function handOver(content: AsyncIterable<Uint8Array>, { from, to }: { from: string; to: string[] }, target: Target): Promise<HandedOver> {
  const socket = "path" in target ? connect(target.path) : connect(target.port, target.host);
  socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy(new Error("no answer")));
  const answers = readAnswers(socket);
  const ask = async (line: string) => {
    socket.write(`${line}\r\n`);
    return expectYes(await answers.next());
  };
  try {
    expectYes(await answers.next());
    socket.setTimeout(SILENCE_MS);
    await ask(`${target.protocol === "lmtp" ? "LHLO" : "EHLO"} ${HELO}`);
    const isInternational = [from, ...to].some((address) => /[^ -~]/.test(address));
    const sender = (path: string) => ask(`MAIL FROM:<${path}> BODY=8BITMIME${isInternational ? " SMTPUTF8" : ""}`);
    // A sender that the door cannot read sends no mail back.
    await sender(from).catch((error: unknown) => {
      if (from === "" || !(error instanceof Said) || !SENDER_UNREADABLE.includes(error.code)) throw error;
      return sender("");
    });
    for (const address of to) await ask(`RCPT TO:<${address}>`);
    await ask("DATA");
    await send(wireForm(content), socket);
    let words = "";
    for (const _ of target.protocol === "lmtp" ? to : [""]) words = expectYes(await answers.next());
    socket.end("QUIT\r\n");
    return { kind: "accepted", words };
  } catch (error) {
    if (error instanceof Said) return error.code >= 500 ? { kind: "refused", code: error.code, words: error.message } : { kind: "later", words: error.message };
    if (error instanceof ConnectionLost) return { kind: "later", words: error.message };
    throw error;
  } finally {
    socket.destroySoon();
  }
}

/** The door said something else than yes. */
class Said extends Error {
  readonly code: number;

  constructor(code: number, words: string) {
    super(words);
    this.code = code;
  }
}

class ConnectionLost extends Error {}

function expectYes(answer: string): string {
  const code = Number(answer.slice(0, 3));
  if (code >= 200 && code < 400) return answer;
  throw new Said(code, answer);
}

async function send(chunks: AsyncIterable<Uint8Array>, socket: Socket): Promise<void> {
  for await (const chunk of chunks) {
    // Its answer, or the loss of the connection, is heard when the next answer is read.
    if (socket.destroyed) return;
    if (!socket.write(chunk)) await Promise.race([once(socket, "drain"), once(socket, "close")]).catch(() => undefined);
  }
}

/** Answers one by one; of several lines the last counts. */
function readAnswers(socket: Socket): { next(): Promise<string> } {
  const ready: string[] = [];
  let text = "";
  let lost: Error | undefined;
  let wake = () => {};
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n")) {
      const line = text.slice(0, end).trimEnd();
      text = text.slice(end + 1);
      if (!/^\d{3}-/.test(line)) ready.push(line);
    }
    wake();
  });
  socket.on("error", (error) => {
    lost ??= new ConnectionLost(`the email door cannot be reached: ${error.message}`);
  });
  socket.on("close", () => {
    lost ??= new ConnectionLost("the email door has closed the connection");
    wake();
  });
  return {
    async next() {
      while (ready.length === 0 && !lost) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const answer = ready.shift();
      if (answer !== undefined) return answer;
      throw lost ?? new ConnectionLost("no answer");
    },
  };
}
