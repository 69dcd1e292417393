import { expect, it } from "vitest";
import { mailConfigFields } from "../../src/mail/config.ts";

const { MAIL_DNS_SERVERS } = mailConfigFields;

it.each(["192.0.2.53", "192.0.2.53:5353, 192.0.2.54", "2001:db8::53", "[2001:db8::53]", "[2001:db8::53]:5353"])("%s are DNS servers", (servers) => {
  expect(MAIL_DNS_SERVERS.safeParse(servers).success).toBe(true);
});

it.each(["foo", "192.0.2.53:99999", "192.0.2.53:", "[192.0.2.53]:53", "192.0.2.53,dns.example"])("%s are none, and the start says so", (servers) => {
  expect(MAIL_DNS_SERVERS.safeParse(servers).error?.issues[0]?.message).toContain("expected addresses such as 192.0.2.53");
});
