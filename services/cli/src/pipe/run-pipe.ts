import { messageOf } from "@openticket/runtime";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { type HandedOver, handOver } from "./hand-over.ts";
import { type Envelope, readOptions, type Target, USAGE } from "./options.ts";
import { openWaiting, type SpooledMail, waitingMails, writeDraft } from "./spool.ts";
import { openMail } from "./wire-form.ts";

export interface PipeIo {
  env: Record<string, string | undefined>;
  input: AsyncIterable<Uint8Array>;
  out(text: string): void;
  err(line: string): void;
}

/** `opentickets pipe`: see {@link USAGE}. Whatever goes wrong on our side is "try again later", or the mail would be sent back. */
export async function runPipe(args: readonly string[], io: PipeIo): Promise<ExitCode> {
  const command = readOptions(args, io.env.SENDER);
  try {
    switch (command.kind) {
      case "help":
        io.out(USAGE);
        return EXIT.ok;
      case "wrong":
        io.err(`${command.reason}; see opentickets pipe --help`);
        return EXIT.usage;
      case "flush":
        return await flush(command, io);
      case "take":
        return command.spool === undefined ? await take(command, io) : await takeOrSpool({ ...command, spool: command.spool }, io);
    }
  } catch (error) {
    io.err(messageOf(error));
    return EXIT.tempFail;
  }
}

async function take({ envelope, target }: { envelope: Envelope; target: Target }, io: PipeIo): Promise<ExitCode> {
  const { sender, content } = await openMail(io.input);
  return told(await handOver(content, { ...envelope, from: envelope.from ?? sender }, target), io);
}

async function takeOrSpool({ envelope, target, spool }: { envelope: Envelope; target: Target; spool: string }, io: PipeIo): Promise<ExitCode> {
  const { sender, content } = await openMail(io.input);
  const draft = await writeDraft(spool, { ...envelope, from: envelope.from ?? sender }, content);
  const answer = await handOver(draft.content(), draft.envelope, target);
  if (answer.kind !== "later") {
    await draft.remove();
    return told(answer, io);
  }
  await draft.keep();
  io.err(`spooled: ${answer.words}`);
  return EXIT.ok;
}

async function flush({ target, spool }: { target: Target; spool: string }, io: PipeIo): Promise<ExitCode> {
  const names = await waitingMails(spool);
  let handed = 0;
  for (const name of names) {
    const mail = await openWaiting(spool, name);
    if (!mail) continue;
    const answer = await handOver(mail.content(), mail.envelope, target);
    if (answer.kind === "later") {
      await mail.close();
      return told(answer, io);
    }
    await finish(mail, name, answer, io);
    handed++;
  }
  io.out(`${handed} of ${names.length} handed over\n`);
  return EXIT.ok;
}

/** What is refused for good has nobody any more to send it back: it is kept aside for the operator. */
async function finish(mail: SpooledMail, name: string, answer: HandedOver, io: PipeIo): Promise<void> {
  if (answer.kind === "accepted") return mail.remove();
  io.err(`${name} was refused and put aside: ${answer.words}`);
  await mail.setAside();
}

function told(answer: HandedOver, io: PipeIo): ExitCode {
  if (answer.kind === "accepted") return EXIT.ok;
  io.err(answer.words);
  if (answer.kind === "later") return EXIT.tempFail;
  if (answer.words.startsWith("550 5.1.")) return EXIT.noUser;
  return answer.code === 552 ? EXIT.dataError : EXIT.unavailable;
}
