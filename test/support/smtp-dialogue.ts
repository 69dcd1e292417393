import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** A peer of the email door that says exactly what a test wants, byte by byte. */
export interface SmtpDialogue {
  /** Sends a line, or several at once, and gives back one answer for each; the lines of one answer are joined. */
  say(...lines: string[]): Promise<string[]>;
  /** Sends these bytes; of a text, each character is one. */
  send(bytes: string | Uint8Array): Promise<void>;
  /** The next answer; "" when the peer has closed. */
  answer(): Promise<string>;
  /** Goes on over TLS. */
  secure(): Promise<void>;
  /** Everything that was answered so far. */
  transcript(): string[];
  /** Leaves without a word. */
  leave(): void;
}

export interface SmtpTarget {
  port?: number | undefined;
  path?: string | undefined;
  /** Sent at once, before the greeting. */
  first?: string | undefined;
  isSecure?: boolean | undefined;
}

/** Connects, and waits for the greeting unless something is to be sent `first`. */
export async function openDialogue({ port = 0, path, first, isSecure }: SmtpTarget): Promise<SmtpDialogue & { greeting: string }> {
  let socket: Socket = path === undefined ? connect(port, "127.0.0.1") : connect(path);
  if (isSecure) socket = connectTls({ socket, rejectUnauthorized: false });
  const answers = collectAnswers();
  answers.listenTo(socket);
  if (first !== undefined) socket.write(first);
  const dialogue: SmtpDialogue = {
    async say(...lines) {
      await dialogue.send(`${lines.join("\r\n")}\r\n`);
      const given: string[] = [];
      for (const _ of lines) given.push(await answers.next());
      return given;
    },
    send: (bytes) =>
      new Promise((resolve) => {
        socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes, () => resolve());
      }),
    answer: answers.next,
    async secure() {
      socket.removeAllListeners("data");
      const secured = connectTls({ socket, rejectUnauthorized: false });
      socket = secured;
      await new Promise((resolve) => secured.once("secureConnect", resolve));
      answers.listenTo(secured);
    },
    transcript: answers.all,
    leave: () => socket.destroy(),
  };
  return { ...dialogue, greeting: await answers.next() };
}

function collectAnswers(): { next(): Promise<string>; all(): string[]; listenTo(socket: Socket): void } {
  const ready: string[] = [];
  const all: string[] = [];
  const waiting: ((answer: string) => void)[] = [];
  let text = "";
  let isClosed = false;
  const give = (answer: string) => {
    all.push(answer);
    const taker = waiting.shift();
    if (taker) taker(answer);
    else ready.push(answer);
  };
  const take = (chunk: Buffer) => {
    text += chunk.toString("latin1");
    for (let found = /^(?:\d{3}-.*\r\n)*\d{3} .*\r\n/.exec(text); found; found = /^(?:\d{3}-.*\r\n)*\d{3} .*\r\n/.exec(text)) {
      text = text.slice(found[0].length);
      give(found[0].trimEnd().replaceAll("\r\n", "\n"));
    }
  };
  const close = () => {
    isClosed = true;
    for (const taker of waiting.splice(0)) taker("");
  };
  return {
    next() {
      const answer = ready.shift();
      if (answer !== undefined) return Promise.resolve(answer);
      return isClosed ? Promise.resolve("") : new Promise((resolve) => waiting.push(resolve));
    },
    all: () => all,
    listenTo(socket) {
      socket.on("data", take);
      socket.on("error", close);
      socket.on("close", close);
    },
  };
}
