import { openDialogue, type SmtpDialogue } from "../support/smtp-dialogue.ts";
import type { MailDoor } from "./ledger.ts";
import type { Mail } from "./mails.ts";
import type { Random } from "./random.ts";
import type { Sent } from "./sent.ts";

/**
 * A mail server that hands mails over as good ones do: over connections that it keeps, and again after 4xx, a broken
 * connection or silence. Now and then one is broken off in its middle, or its answer is not waited for.
 */
export interface MailSender {
  send(door: MailDoor, mail: Mail): Promise<Sent>;
  close(): void;
}

export interface MailSenderOptions {
  /** A mail door that is up, such as `smtp://127.0.0.1:2525`; undefined: none is. */
  doorUrl(scheme: MailDoor): string | undefined;
  random: Random;
}

/** A stopped door says nothing for up to 6 s, ms. */
const PATIENCE_MS = 15_000;
const KEPT_CONNECTIONS = 4;
/** After a mail the connection is kept for the next one. */
const KEPT_SHARE = 0.8;
const MANNERS = { patient: 93, "breaks off": 3, "leaves after the dot": 4 };

interface Line extends SmtpDialogue {
  isSilent?: boolean;
}

/** See {@link MailSender}. */
export function makeMailSender({ doorUrl, random }: MailSenderOptions): MailSender {
  const idle: Record<MailDoor, Line[]> = { smtp: [], lmtp: [] };

  async function send(door: MailDoor, mail: Mail): Promise<Sent> {
    const line = idle[door].pop() ?? (await connectTo(doorUrl(door), door));
    if ("kind" in line) return line;
    const timer = giveUpAfter(line);
    const sent = await handOver(line, mail, random).finally(() => clearTimeout(timer));
    if (sent.kind === "stored" && random.chance(KEPT_SHARE) && idle[door].length < KEPT_CONNECTIONS) idle[door].push(line);
    else line.leave();
    return sent;
  }

  return {
    send,
    close() {
      for (const line of [...idle.smtp, ...idle.lmtp]) line.leave();
    },
  };
}

/** A line, with the greetings exchanged; or why there is none. */
async function connectTo(url: string | undefined, door: MailDoor): Promise<Line | Sent> {
  if (url === undefined) return { kind: "again", reason: "no mail door is up" };
  const opening = openDialogue({ port: Number(new URL(url).port) });
  const line: (Line & { greeting: string }) | undefined = await Promise.race([opening, nothingAfter(PATIENCE_MS)]);
  if (!line) {
    void opening.then((late) => late.leave());
    return { kind: "again", reason: "mail: silence" };
  }
  const timer = giveUpAfter(line);
  const greetings = [line.greeting, ...(line.greeting.startsWith("2") ? await line.say(`${door === "lmtp" ? "LHLO" : "EHLO"} mx.guests.example.test`) : [])];
  clearTimeout(timer);
  const refused = refusalIn(greetings, line);
  if (refused) line.leave();
  return refused ?? line;
}

function nothingAfter(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, ms, undefined).unref());
}

function giveUpAfter(line: Line): NodeJS.Timeout {
  return setTimeout(() => {
    line.isSilent = true;
    line.leave();
  }, PATIENCE_MS);
}

async function handOver(line: Line, mail: Mail, random: Random): Promise<Sent> {
  const manner = random.weighted(MANNERS);
  const refused = refusalIn(await line.say(`MAIL FROM:<${mail.from}>`, `RCPT TO:<${mail.to}>`, "DATA"), line);
  if (refused) return refused;
  const bytes = `${mail.raw().replace(/^\./gm, "..")}\r\n.\r\n`;
  const middle = random.between(1, bytes.length - 1);
  await line.send(bytes.slice(0, middle));
  if (manner === "breaks off") return { kind: "again", reason: "mail: broken off by its sender" };
  await line.send(bytes.slice(middle));
  if (manner === "leaves after the dot") return { kind: "again", reason: "mail: its sender did not wait for the answer" };
  const answer = await line.answer();
  const inboundId = /^250 .*Stored as (inb_[0-9a-f]+)$/.exec(answer)?.[1];
  return inboundId === undefined ? (refusalIn([answer], line) ?? odd(answer)) : { kind: "stored", inboundId };
}

/** The first answer that is no yes. */
function refusalIn(answers: readonly string[], { isSilent }: Line): Sent | undefined {
  const refusal = answers.find((answer) => !/^[23]/.test(answer));
  if (refusal === undefined) return undefined;
  if (refusal === "") return { kind: "again", reason: isSilent ? "mail: silence" : "mail: connection lost" };
  return refusal.startsWith("4") ? { kind: "again", reason: `mail: ${refusal.slice(0, "421 4.3.2".length)}` } : odd(refusal);
}

function odd(answer: string): Sent {
  return { kind: "odd", what: `unexpected answer of a mail door: ${answer.slice(0, 200)}` };
}
