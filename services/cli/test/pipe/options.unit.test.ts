import { describe, expect, it } from "vitest";
import { readOptions } from "../../src/pipe/options.ts";

const to = ["--to", "support@example.test"];

describe("the pipe's command line", () => {
  it.each<[string[], object]>([
    [[...to], { kind: "take", target: { protocol: "smtp", host: "127.0.0.1", port: 2525 }, envelope: { from: undefined } }],
    [[...to, "--to", "sales@example.test"], { envelope: { to: ["support@example.test", "sales@example.test"] } }],
    [[...to, "--from", "a@b.test", "--lmtp", "[::1]:24"], { target: { protocol: "lmtp", host: "::1", port: 24 }, envelope: { from: "a@b.test" } }],
    [[...to, "--from", "MAILER-DAEMON"], { envelope: { from: "" } }],
    [[...to, "--from", ""], { envelope: { from: "" } }],
    [[...to, "--socket", "/run/lmtp", "--spool", "/var/spool/x"], { target: { protocol: "lmtp", path: "/run/lmtp" }, spool: "/var/spool/x" }],
    [["--flush", "--spool", "d"], { kind: "flush", spool: "d" }],
    [["--help"], { kind: "help" }],
  ])("%j is understood", (args, expected) => {
    expect(readOptions(args, undefined)).toMatchObject(expected);
  });

  it("the environment's sender counts where none is given", () => {
    expect(readOptions(to, "a@b.test")).toMatchObject({ envelope: { from: "a@b.test" } });
    expect(readOptions(to, "MAILER-DAEMON")).toMatchObject({ envelope: { from: "" } });
    expect(readOptions([...to, "--from", "c@d.test"], "a@b.test")).toMatchObject({ envelope: { from: "c@d.test" } });
  });

  it.each([
    ['"a b"@g.example', '"a b"@g.example'],
    ["a b@g.example", '"a b"@g.example'],
    ['a"@b@g.example', '"a\\"@b"@g.example'],
    ["<a@g.example>", "a@g.example"],
    ["<>", ""],
    ["localuser", "localuser@localhost"],
  ])("the sender %j is told as %j", (from, told) => {
    expect(readOptions([...to, "--from", from], undefined)).toMatchObject({ envelope: { from: told } });
  });

  it.each(["x\ny", "bob\u200b@g.example", "a@b.test>\r\nRCPT TO:<c@d.test", '"a\tb"@g.example', "a@", "@g.example", `${"x".repeat(500)}@g.example`])(
    "a sender that SMTP has no form for is as the mail tells: %j",
    (from) => {
      expect(readOptions([...to, "--from", from], undefined)).toMatchObject({ kind: "take", envelope: { from: undefined } });
      expect(readOptions([...to, "--from", from], "a@b.test")).toMatchObject({ envelope: { from: "a@b.test" } });
    },
  );

  it.each([
    [[]],
    [["--to", "a b"]],
    [["--to", "a@b.test>\r\nRCPT TO:<c@d.test"]],
    [[...to, "--lmtp", "24"]],
    [[...to, "--lmtp", "h:99999"]],
    [[...to, "--lmtp", "h:1", "--socket", "p"]],
    [["--flush"]],
    [["--unknown", ...to]],
    [["stray", ...to]],
  ])("%j is wrong usage", (args) => {
    expect(readOptions(args, undefined).kind).toBe("wrong");
  });
});
