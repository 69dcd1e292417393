import { afterEach, describe, expect, it } from "vitest";
import { type EmailDoorUnderTest, startEmailDoor } from "../../../../../test/support/email-door.ts";
import { openDialogue } from "../../../../../test/support/smtp-dialogue.ts";
import { openTcpProxy } from "../../../../../test/support/tcp-proxy.ts";
import { until } from "../../../../../test/support/until.ts";

const doors: EmailDoorUnderTest[] = [];
afterEach(async () => {
  for (const door of doors.splice(0)) await door.stop();
});
async function start(env: Parameters<typeof startEmailDoor>[0]): Promise<EmailDoorUnderTest> {
  const door = await startEmailDoor(env);
  doors.push(door);
  return door;
}
/** Nobody is exempt. */
const STRANGERS = { SMTP_RELAYS: "192.0.2.1" };
const envelope = ["MAIL FROM:<a@b.test>", "RCPT TO:<support@example.test>", "DATA"];

it("refusals are counted from zero, so that the first of them shows", async () => {
  const { metrics, ports } = await start(STRANGERS);
  const count = async () => /mail_refusals_total\{door="smtp",status="5\.1\.1"\} (\d+)/.exec((await metrics.expose()).body)?.[1];
  expect(await count()).toBe("0");
  const dialogue = await openDialogue({ port: ports.smtp });
  for (const line of ["EHLO a.test", "MAIL FROM:<a@b.test>", "RCPT TO:<nobody@example.test>"]) await dialogue.say(line);
  dialogue.leave();
  expect(await count()).toBe("1");
});

describe("by address", () => {
  it("connections at once and in a minute are limited, and told so", async () => {
    const { ports } = await start({ ...STRANGERS, SMTP_CONNECTIONS_PER_IP: "2", SMTP_CONNECTIONS_PER_MINUTE: "4" });
    const [first, second] = [await openDialogue({ port: ports.smtp }), await openDialogue({ port: ports.smtp })];
    expect((await openDialogue({ port: ports.smtp })).greeting).toMatch(/^421 4\.7\.0/);
    await first.say("QUIT");
    await second.say("QUIT");
    const [third, fourth] = [await openDialogue({ port: ports.smtp }), await openDialogue({ port: ports.smtp })];
    expect([third.greeting.slice(0, 3), fourth.greeting.slice(0, 3)]).toEqual(["220", "220"]);
    third.leave();
    fourth.leave();
    expect((await openDialogue({ port: ports.smtp })).greeting).toMatch(/^421 4\.7\.0/);
  });

  it("messages in a minute are limited; relays of one's own are not", async () => {
    const { ports } = await start({ ...STRANGERS, SMTP_MESSAGES_PER_MINUTE: "1" });
    const dialogue = await openDialogue({ port: ports.smtp });
    expect((await dialogue.say("EHLO x", "MAIL FROM:<a@b.test>", "RSET", "MAIL FROM:<a@b.test>")).at(-1)).toMatch(/^451 4\.7\.1/);
    const own = await start({ SMTP_MESSAGES_PER_MINUTE: "1" });
    const relay = await openDialogue({ port: own.ports.smtp });
    expect((await relay.say("EHLO x", "MAIL FROM:<a@b.test>", "RSET", "MAIL FROM:<a@b.test>")).at(-1)).toMatch(/^250/);
  });
});

describe("in all", () => {
  it("connections are limited", async () => {
    const { ports } = await start({ SMTP_MAX_CONNECTIONS: "1" });
    await openDialogue({ port: ports.smtp });
    expect((await openDialogue({ port: ports.smtp })).greeting).toMatch(/^421/);
  });
});

describe("those who hold a connection are sent away with 421 4.4.2", () => {
  it.each<[string, Record<string, string>, string[]]>([
    ["who are silent", { SMTP_IDLE_TIMEOUT_MS: "200" }, []],
    ["who are silent within a message", { SMTP_IDLE_TIMEOUT_MS: "200" }, envelope],
    ["who stay too long", { SMTP_SESSION_TIMEOUT_MS: "200" }, []],
    ["whose message takes too long", { SMTP_MESSAGE_TIMEOUT_MS: "200" }, envelope],
  ])("%s", async (_what, env, lines) => {
    const { ports } = await start(env);
    const dialogue = await openDialogue({ port: ports.smtp });
    await dialogue.say("EHLO x", ...lines);
    expect(await dialogue.answer()).toMatch(/^421 4\.4\.2/);
    expect(await dialogue.answer()).toBe("");
  });
});

describe("while something of ours is away, senders are asked to come again, and may when it is back", () => {
  const later = async (ports: EmailDoorUnderTest["ports"]) => {
    const { greeting, leave } = await openDialogue({ port: ports.smtp });
    leave();
    return greeting;
  };

  it.each<[string, "MONGODB_URL" | "REDIS_URL"]>([
    ["MongoDB", "MONGODB_URL"],
    ["Redis", "REDIS_URL"],
  ])("%s", { timeout: 90_000 }, async (_what, variable) => {
    const proxy = await openTcpProxy(Number(new URL(process.env[variable] ?? "").port));
    const { ports } = await start((name) =>
      variable === "MONGODB_URL"
        ? { MONGODB_URL: `mongodb://127.0.0.1:${proxy.port}/${name}?directConnection=true` }
        : { REDIS_URL: `redis://127.0.0.1:${proxy.port}` },
    );
    const dialogue = await openDialogue({ port: ports.smtp });
    await dialogue.say("EHLO x");
    proxy.freeze();
    await until("new peers to be told", async () => /^421 4\.3\.2/.test(await later(ports)), 20_000);
    expect((await dialogue.say("MAIL FROM:<a@b.test>"))[0]).toMatch(/^451 4\.3\.2/);
    proxy.thaw();
    await until("the door to open again", async () => /^220/.test(await later(ports)), 40_000);
    expect((await dialogue.say("MAIL FROM:<a@b.test>"))[0]).toMatch(/^250/);
    await proxy.close();
  });

  it("a message that the store does not take is answered 451 4.3.2", { timeout: 90_000 }, async () => {
    const proxy = await openTcpProxy(Number(new URL(process.env.MONGODB_URL ?? "").port));
    const { ports } = await start((name) => ({ MONGODB_URL: `mongodb://127.0.0.1:${proxy.port}/${name}?directConnection=true&socketTimeoutMS=1000` }));
    const dialogue = await openDialogue({ port: ports.lmtp });
    await dialogue.say("LHLO x", ...envelope);
    proxy.freeze();
    await dialogue.send("Subject: x\r\n\r\nbody\r\n.\r\n");
    expect(await dialogue.answer()).toMatch(/^451 4\.3\.2/);
    await proxy.close();
  });
});
