import { describe, expect, it } from "vitest";
import { notifyConfigFields } from "../../src/notify/config.ts";
import { mustUpgrade, smtpUrlFault } from "../../src/notify/smtp-url.ts";
import { config } from "./build.ts";

describe("the configuration of mail", () => {
  it("is complete without any variable", () => {
    expect(config()).toMatchObject({ DATA_DIR: ".data", MAIL_DOMAIN: "example.com", MAIL_MAX_CONNECTIONS: 5 });
  });

  it("describes each variable", () => {
    expect(
      Object.entries(notifyConfigFields)
        .filter(([, field]) => !field.description)
        .map(([name]) => name),
    ).toEqual([]);
  });

  it.each([
    ["MAIL_FROM", "Support <nobody>>"],
    ["MAIL_FROM", "Support"],
    ["MAIL_FROM", "a@b.c\r\nBcc: x@y.z"],
    ["MAIL_DOMAIN", "exa mple"],
    ["MAIL_DOMAIN", "a>b"],
    ["MAIL_BOUNCE_ADDRESS", "nobody"],
    ["MAIL_TOKEN_SECRET", "short"],
    ["CLIENT_AREA_URL", "javascript:alert(1)"],
    ["CLIENT_AREA_URL", "www.example.com"],
    ["MAIL_MAX_CONNECTIONS", "0"],
    ["SMTP_URL", "http://mail.example.com"],
    ["SMTP_URL", "mail.example.com"],
    ["SMTP_URL", "smtp://h?tls.rejectUnauthorised=false"],
  ])("refuses %s=%j and says what was expected", (name, value) => {
    expect(() => config({ [name]: value })).toThrow(new RegExp(`${name}: expected `));
  });

  it("never repeats the relay's password", () => {
    expect(() => config({ SMTP_URL: "smtp://u:hunter2@h?pool=no" })).toThrow(expect.objectContaining({ message: expect.not.stringContaining("hunter2") }));
  });

  it("reads names and addresses", () => {
    expect(config({ MAIL_FROM: '"Help, Inc." <help@bücher.example>' }).MAIL_FROM).toEqual({ name: "Help, Inc.", address: "help@xn--bcher-kva.example" });
    expect(config({ MAIL_FROM: "help@example.com" }).MAIL_FROM).toEqual({ name: "", address: "help@example.com" });
    expect(config({ MAIL_DOMAIN: "bücher.example" }).MAIL_DOMAIN).toBe("xn--bcher-kva.example");
  });
});

describe("the relay's URL", () => {
  it.each([
    "smtp://mail.example.com",
    "smtp://u:p@mail.example.com:587",
    "smtps://u:p%40@[::1]:465?tls.rejectUnauthorized=false",
    "smtp://h?name=me.example.com&ignoreTLS=true",
  ])("%s is taken", (url) => {
    expect(smtpUrlFault(url)).toBeUndefined();
  });

  it("with credentials does not leave encryption to the server's offer, unless it says so or stays on this machine", () => {
    expect(mustUpgrade("smtp://u:p@mail.example.com")).toBe(true);
    for (const url of [
      "smtp://mail.example.com",
      "smtps://u:p@mail.example.com",
      "smtp://u:p@mail.example.com?ignoreTLS=true",
      "smtp://u:p@127.0.0.1:25",
      "smtp://u:p@localhost",
      "smtp://u:p@[::1]",
    ])
      expect(mustUpgrade(url)).toBe(false);
  });
});
