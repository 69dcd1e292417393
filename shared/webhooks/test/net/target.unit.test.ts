import { networkFault } from "@openticket/runtime";
import { describe, expect, it } from "vitest";
import { makeAddressRules } from "../../src/net/address-rules.ts";
import { readTarget } from "../../src/net/target.ts";

const rules = makeAddressRules([]);

describe("a URL that leads into our own networks", () => {
  it.each([
    "https://127.0.0.1/",
    "https://127.1/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://2130706433/",
    "https://127.0.0.1./",
    "https://１２７.0.0.1/",
    "https://0/",
    "https://10.1.2.3/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://100.100.100.200/",
    "https://169.254.169.254/latest/meta-data/",
    "https://168.63.129.16/",
    "https://192.0.0.192/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://[::]/",
    "https://[::1]/",
    "https://[::127.0.0.1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::169.254.169.254]/",
    "https://[64:ff9b:1::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:7f00:1::]/",
    "https://[fe80::1]/",
    "https://[fec0::1]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[ff02::1]/",
    "https://[2001:db8::1]/",
    "https://[5f00::1]/",
  ])("%s is refused", (url) => {
    expect(() => readTarget(url, rules)).toThrow(/not of the public internet/);
  });
});

describe("a URL that is not for calls", () => {
  it.each([
    ["http://93.184.215.14/", /Only https/],
    ["https://user:secret@example.com/", /user name or password/],
    ["https://user@example.com/", /user name or password/],
    ["ftp://example.com/", /must begin with https/],
    ["file:///etc/passwd", /must begin with https/],
    ["javascript:alert(1)", /must begin with https/],
    ["https://93.184.215.14:25/", /Port 25/],
    ["https://93.184.215.14:22/", /Port 22/],
    ["https://[fe80::1%25eth0]/", /cannot be read/],
    ["https:// /", /cannot be read/],
    ["/relative", /cannot be read/],
    [`https://example.com/${"a".repeat(3000)}`, /longer than/],
  ])("%s is refused", (url, why) => {
    expect(() => readTarget(url, rules)).toThrow(why);
  });

  it("is told of without the secret in it", () => {
    expect(() => readTarget("https://user:hunter2@example.com/token", rules)).toThrow(/^((?!hunter2|token).)*$/);
  });
});

describe("a URL of the public internet", () => {
  it.each([
    "https://93.184.215.14/",
    "https://93.184.215.14:8443/",
    "https://[2606:2800:21f::1]/",
    "https://[::ffff:5db8:d70e]/",
    "https://[64:ff9b::5db8:d70e]/",
  ])("%s is allowed", (url) => {
    expect(readTarget(url, rules).url.href).toBe(new URL(url).href);
  });
});

describe("networks that the operator allows", () => {
  const lenient = makeAddressRules(["10.1.0.0/16", "127.0.0.1", "fd00:1::/64"]);

  it.each(["http://10.1.2.3:25/", "http://127.0.0.1:8080/", "https://[fd00:1::5]/", "http://[::ffff:10.1.2.3]/"])("%s is allowed", (url) => {
    expect(readTarget(url, lenient).address).toBeDefined();
  });

  it.each(["http://10.2.0.1/", "https://127.0.0.2/", "https://[fd00:2::5]/"])("%s is still refused", (url) => {
    expect(() => readTarget(url, lenient)).toThrow(/not of the public internet/);
  });

  it.each(["10.0.0.0/33", "10.0.0/8", "::/129", "localhost", "10.0.0.0/8/8", "10.0.0.0/"])("%s is no network", (network) => {
    expect(networkFault(network)).toMatch(/expected an address or CIDR range/);
    expect(() => makeAddressRules([network])).toThrow(/expected/);
  });
});
