import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runCli } from "../src/index.ts";

const fixture = (name: string) => fileURLToPath(new URL(`../../../shared/mail/test/fixtures/${name}.eml`, import.meta.url));
const SIGNED = fixture("signed-with-pgp");
const ENCODED = fixture("charset-iso-2022-jp");

/** Without any database to find. */
async function opentickets(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: "", err: "" };
  const into = (where: "out" | "err") => ({
    write(text: string) {
      said[where] += text;
    },
  });
  const code = await runCli(args, { env: { DATA_DIR: "/nonexistent" }, out: into("out"), err: into("err"), columns: 120 });
  return { code, ...said };
}

const jsonLines = (out: string) =>
  out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("opentickets mail parse", () => {
  it("prints what is understood of each file as a line of JSON, in order", async () => {
    const { code, out } = await opentickets("mail", "parse", SIGNED, ENCODED, "--json");
    expect(code).toBe(0);
    const common = { fromAddress: "ann@example.test", fromName: "Ann", kind: "ticket", messageId: "<1@example.test>", inReplyTo: null };
    expect(jsonLines(out)).toEqual([
      {
        ...common,
        file: SIGNED,
        subject: "s",
        text: "hello",
        attachments: [{ name: "signature.asc", size: 29, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
      },
      { ...common, file: ENCODED, subject: "件名です", text: "日本語のメールです。", attachments: [] },
    ]);
  });

  it("says which file cannot be read, prints the others and fails", async () => {
    const { code, out, err } = await opentickets("mail", "parse", "/nonexistent.eml", ENCODED, "--json");
    expect(code).toBe(1);
    expect(err).toMatch(/^\/nonexistent\.eml cannot be read: ENOENT/);
    expect(jsonLines(out)).toMatchObject([{ file: ENCODED }]);
  });

  it("shows it to people", async () => {
    const { out } = await opentickets("mail", "parse", SIGNED);
    expect(out).toMatch(/^from +Ann <ann@example\.test>$/m);
    expect(out).toMatch(/^attachment +signature\.asc \(29 bytes\)$/m);
  });
});
