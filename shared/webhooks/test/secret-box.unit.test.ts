import { describe, expect, test } from "vitest";
import { makeSecretBox, SecretsLocked, secretKeysFault } from "../src/secret-box.ts";

const [OLD, NEW, OTHER] = [1, 2, 3].map((byte) => Buffer.alloc(32, byte).toString("base64")) as [string, string, string];

describe("sealed secrets", () => {
  test("are opened by the key that sealed them, and differ each time", () => {
    const box = makeSecretBox(NEW);
    const sealed = [box.seal("whsec_ü"), box.seal("whsec_ü")];
    expect(sealed.map(box.open)).toEqual(["whsec_ü", "whsec_ü"]);
    expect(sealed[0]).not.toBe(sealed[1]);
    expect(sealed.join()).not.toContain("whsec");
  });

  test("outlive a change of the key: the first seals, all of them open", () => {
    const sealed = makeSecretBox(OLD).seal("secret");
    const both = makeSecretBox(`${NEW}, ${OLD}`);
    expect(both.open(sealed)).toBe("secret");
    expect(makeSecretBox(NEW).open(both.seal("secret"))).toBe("secret");
  });

  test("are not opened without their key, and the fault says which one is missing, but no secret", () => {
    const sealed = makeSecretBox(OLD).seal("secret");
    const [, name = ""] = sealed.split(".");
    expect(() => makeSecretBox(OTHER).open(sealed)).toThrow(new SecretsLocked(`SECRETS_KEY lacks the key ${name}, which a secret is sealed with`));
    expect(() => makeSecretBox(undefined).open(sealed)).toThrow("SECRETS_KEY is not set");
    expect(() => makeSecretBox(undefined).seal("secret")).toThrow("SECRETS_KEY is not set");
  });

  test("that are damaged are not opened", () => {
    const box = makeSecretBox(OLD);
    const [version, name, nonce, bytes = ""] = box.seal("secret").split(".");
    const flipped = `${bytes.startsWith("A") ? "B" : "A"}${bytes.slice(1)}`;
    for (const damaged of [flipped, bytes.slice(0, 10), ""]) expect(() => box.open([version, name, nonce, damaged].join("."))).toThrow("damaged");
    expect(() => box.open("secret")).toThrow("not sealed in a way");
  });
});

test.each(["", "short", `${OLD},`, `${OLD},x`, Buffer.alloc(16).toString("base64"), `${OLD} ${NEW}`])("%j is no text of keys, and is not repeated", (keys) => {
  expect(secretKeysFault(keys)).toContain("base64 of 32 bytes");
  expect(() => makeSecretBox(keys)).toThrow(/^SECRETS_KEY: expected base64 of 32 bytes/);
});
