import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { understandMail } from "../src/index.ts";

/** Mails, each named by what is odd about it, with what is to be understood of it beside it. */
const FOLDER = new URL("fixtures/", import.meta.url);
const names = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".eml"))
  .map((name) => name.slice(0, -".eml".length));

describe("a mail that is odd", () => {
  it.each(names)("is understood: %s", (name) => {
    const expected = JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), "utf8"));
    const mail = understandMail(readFileSync(new URL(`${name}.eml`, FOLDER)));
    const [from] = mail.from;
    expect({ ...mail, fromAddress: from?.address ?? "", fromName: from?.name ?? "" }).toMatchObject(expected);
  });
});
