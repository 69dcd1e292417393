// Baseline: what a competent engineer writes in an afternoon for mail. One process: the message is parsed as it comes, its
// ticket is one insert on a majority, then the sender gets its 250. The raw message is not kept.
import type { AddressInfo } from "node:net";
import { simpleParser } from "mailparser";
import mongoose from "mongoose";
import { SMTPServer } from "smtp-server";

const { MONGODB_URL = "" } = process.env;
const { connection: mongo } = await mongoose.connect(MONGODB_URL, { writeConcern: { w: "majority", j: true } });
const tickets = mongo.collection("plain_mail_tickets");
await tickets.createIndex({ messageId: 1 });

const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ["STARTTLS", "AUTH"],
  disableReverseLookup: true,
  onData(stream, session, callback) {
    simpleParser(stream)
      .then(async ({ subject, text, html, from, messageId, attachments }) => {
        const sender = from?.value[0];
        const files = attachments.map(({ filename, size, contentType }: { filename?: string; size: number; contentType: string }) => ({
          filename,
          size,
          contentType,
        }));
        await tickets.insertOne({
          messageId,
          subject,
          text,
          html,
          from: sender,
          files,
          to: session.envelope.rcptTo[0]?.address,
          status: "Open",
          createdAt: new Date(),
        });
        callback();
      })
      .catch(callback);
  },
});
server.on("error", () => undefined);
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
console.log(`ready smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`);
process.on("SIGTERM", () => process.exit(0));
