import { SMTPServer } from "smtp-server";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type HelpDesk, rawMail, startHelpDesk } from "../support/help-desk.ts";
import { until } from "../support/until.ts";

/** A relay that hands each desk's mails to the other one. */
interface Crossing {
  port: number;
  /** Mails handed over, by where they went. */
  handed: { to: string; raw: string }[];
  connect(domain: string, desk: HelpDesk): void;
  stop(): Promise<void>;
}

async function startCrossing(): Promise<Crossing> {
  const desks = new Map<string, HelpDesk>();
  const handed: Crossing["handed"] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const to = session.envelope.rcptTo[0]?.address ?? "";
        const from = session.envelope.mailFrom === false ? "" : session.envelope.mailFrom.address;
        const raw = Buffer.concat(chunks).toString("latin1");
        const desk = desks.get(to.split("@")[1] ?? "");
        if (!desk) return done();
        handed.push({ to, raw });
        desk.send(raw, { from, to }).then(() => done(), done);
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    handed,
    connect: (domain, desk) => void desks.set(domain, desk),
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}

let crossing: Crossing;
let first: HelpDesk;
let second: HelpDesk;
beforeAll(async () => {
  crossing = await startCrossing();
  const env = { SMTP_URL: `smtp://127.0.0.1:${crossing.port}` };
  [first, second] = await Promise.all([startHelpDesk({ ...env, MAIL_DOMAIN: "example.test" }), startHelpDesk({ ...env, MAIL_DOMAIN: "other.test" })]);
  // The second desk is another company's: its departments have addresses of their own.
  await second.store.db
    .collection("departments")
    .updateMany({}, [{ $set: { email: { $replaceOne: { input: "$email", find: "@example.test", replacement: "@other.test" } } } }]);
  crossing.connect("example.test", first);
  crossing.connect("other.test", second);
});
afterAll(async () => {
  await Promise.all([first.stop(), second.stop()]);
  await crossing.stop();
});

it("two desks that mail each other stop within two mails", async () => {
  const started = await first.receive(rawMail({ From: "Other Desk <support@other.test>", Subject: "Ping" }));
  expect(started.state).toBe("ticket");
  // The first desk's answer reaches the second, which keeps it and says nothing.
  const answered = await until("the second desk's outcome", () =>
    second.store.db
      .collection("inbound")
      .findOne({ state: { $ne: "stored" } })
      .then((record) => record ?? undefined),
  );
  expect(answered).toMatchObject({ state: "ignored", reason: { code: "auto_reply" } });
  await until("nothing more to send", async () => {
    const owing = await Promise.all([first, second].map(({ store }) => store.db.collection("tickets").countDocuments({ dueAt: { $exists: true } })));
    return owing.every((count) => count === 0);
  });
  expect(crossing.handed.filter(({ to }) => to.startsWith("support@")).length).toBeLessThanOrEqual(2);
  expect(await second.store.db.collection("tickets").countDocuments()).toBe(0);
});
