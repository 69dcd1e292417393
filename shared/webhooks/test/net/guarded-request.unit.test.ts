import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { makeGuardedFetch, makeGuardedRequest } from "../../src/net/guarded-request.ts";

const LOOPBACK = ["127.0.0.1"];
const GET = { method: "GET", timeoutMs: 2000, maxBytes: 1000 } as const;
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A server on loopback, its port, and how many requests it got. */
async function listen(answer: RequestListener): Promise<{ port: number; seen: () => number }> {
  let seen = 0;
  const server = createServer((request, response) => {
    seen++;
    answer(request, response);
  });
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, seen: () => seen };
}

describe("a guarded request", () => {
  it("brings back status, headers and body", async () => {
    const { port } = await listen((_request, response) => response.writeHead(202, { "retry-after": "7" }).end("fine"));
    const answer = await makeGuardedRequest({ allowedNetworks: LOOPBACK })(`http://127.0.0.1:${port}/hook?x=1`, { ...GET, method: "POST", body: "{}" });
    expect(answer).toMatchObject({ status: 202, isWhole: true, body: Buffer.from("fine"), headers: { "retry-after": "7" } });
  });

  it("refuses a name when one of its addresses is not for us, and connects to none", async () => {
    const { port, seen } = await listen((_request, response) => response.end());
    const request = makeGuardedRequest({ allowedNetworks: LOOPBACK, resolve: async () => ["127.0.0.1", "10.0.0.1"] });
    await expect(request(`http://hooks.example.com:${port}/`, GET)).rejects.toThrow(/not of the public internet/);
    expect(seen()).toBe(0);
  });

  it("asks for the addresses once for each connection, so that a name which changes its answer gains nothing", async () => {
    const { port, seen } = await listen((_request, response) => response.end());
    const answers = [["127.0.0.1"], ["127.0.0.2"]];
    let asked = 0;
    const request = makeGuardedRequest({ allowedNetworks: LOOPBACK, resolve: async () => answers[asked++] ?? [] });
    await expect(request(`http://rebind.example.com:${port}/`, GET)).resolves.toMatchObject({ status: 200 });
    await expect(request(`http://rebind.example.com:${port}/`, GET)).rejects.toThrow(/not of the public internet/);
    expect([asked, seen()]).toEqual([2, 1]);
  });

  it("connects to the address that was checked, whatever the system says of the name", async () => {
    const { port, seen } = await listen((request, response) => response.end(request.headers.host));
    const request = makeGuardedRequest({ allowedNetworks: LOOPBACK, resolve: async () => ["127.0.0.1"] });
    const { body } = await request(`http://no-such-name.example.com:${port}/`, GET);
    expect([body.toString(), seen()]).toEqual([`no-such-name.example.com:${port}`, 1]);
  });

  it("refuses the local machine by its name", async () => {
    await expect(makeGuardedRequest({ allowedNetworks: [] })("https://localhost:8443/", GET)).rejects.toThrow(/not of the public internet/);
  });

  it("follows no redirect", async () => {
    const inner = await listen((_request, response) => response.end("secret"));
    const outer = await listen((_request, response) => response.writeHead(302, { location: `http://127.0.0.1:${inner.port}/` }).end());
    const { status } = await makeGuardedRequest({ allowedNetworks: LOOPBACK })(`http://127.0.0.1:${outer.port}/`, GET);
    expect([status, inner.seen()]).toEqual([302, 0]);
  });

  it("reads no more of an answer than it was told, however long it is", async () => {
    const { port } = await listen((_request, response) => {
      const timer = setInterval(() => response.write("x".repeat(600)), 1);
      response.on("close", () => clearInterval(timer));
    });
    const answer = await makeGuardedRequest({ allowedNetworks: LOOPBACK })(`http://127.0.0.1:${port}/`, GET);
    expect([answer.body.length, answer.isWhole]).toEqual([1000, false]);
  });

  it.each([
    ["never answers", () => undefined],
    ["never ends its answer", (_request, response) => response.write("x")],
  ] satisfies [string, RequestListener][])("gives up a server that %s", async (_what, answer) => {
    const { port } = await listen(answer);
    const late = makeGuardedRequest({ allowedNetworks: LOOPBACK })(`http://127.0.0.1:${port}/`, { ...GET, timeoutMs: 100 });
    await expect(late).rejects.toMatchObject({ name: "RequestLate" });
  });

  it("gives up a name server that never answers", async () => {
    const request = makeGuardedRequest({ allowedNetworks: [], resolve: () => new Promise(() => undefined) });
    await expect(request("https://silent.example.com/", { ...GET, timeoutMs: 100 })).rejects.toMatchObject({ name: "RequestLate" });
  });
});

describe("a guarded fetch", () => {
  it("brings back a body of a 2xx answer, and throws for others and for too much", async () => {
    const { port } = await listen((request, response) => response.writeHead(request.url === "/fine" ? 200 : 404).end("x".repeat(10)));
    const fetch = makeGuardedFetch({ allowedNetworks: LOOPBACK });
    const options = { maxBytes: 10, timeoutMs: 2000 };
    expect((await fetch(`http://127.0.0.1:${port}/fine`, options)).length).toBe(10);
    await expect(fetch(`http://127.0.0.1:${port}/other`, options)).rejects.toThrow(/404/);
    await expect(fetch(`http://127.0.0.1:${port}/fine`, { ...options, maxBytes: 9 })).rejects.toThrow(/larger than 9 bytes/);
  });
});
