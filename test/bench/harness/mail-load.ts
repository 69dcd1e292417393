import { openDialogue } from "../../support/smtp-dialogue.ts";
import { latencyOf, makeHistogram } from "./histogram.ts";
import type { Latency } from "./measure.ts";
import { BENCH_MAILBOX } from "./tickets.ts";

/** Sends mails over so many connections, each with one mail under way; the time of each from MAIL to the answer to its dot. */
export async function sendMails(port: number, { mails, connections, mailOf }: { mails: number; connections: number; mailOf: () => string }): Promise<Latency> {
  const histogram = makeHistogram();
  let started = 0;
  const lane = async () => {
    const dialogue = await openDialogue({ port });
    await dialogue.say("EHLO bench.example.test");
    while (started++ < mails) {
      const startedAt = performance.now();
      await dialogue.say("MAIL FROM:<ada@bench.example.test>", `RCPT TO:<${BENCH_MAILBOX}>`, "DATA");
      await dialogue.send(`${mailOf()}.\r\n`);
      const answer = await dialogue.answer();
      if (!answer.startsWith("250")) throw new Error(`a mail was answered ${answer}`);
      histogram.recordValue(Math.max(1, Math.round((performance.now() - startedAt) * 1000)));
    }
    dialogue.leave();
  };
  await Promise.all(Array.from({ length: connections }, lane));
  return latencyOf(histogram);
}
