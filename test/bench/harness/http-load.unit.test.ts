import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type HttpRequest, httpLoad } from "./http-load.ts";
import { openLoop } from "./open-loop.ts";

const bodies: string[] = [];
const server = createServer((request, response) => {
  text(request).then(
    (body) => {
      bodies.push(body);
      response.writeHead(201).end();
    },
    () => response.destroy(),
  );
});
beforeEach(async () => {
  bodies.length = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const request = (body: HttpRequest["body"]): HttpRequest => {
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, body, headers: { "content-type": "text/plain" }, expected: 201 };
};
const counting = () => {
  let made = 0;
  return () => `body ${made++}`;
};

it("makes a body for each request, the first of each connection too", async () => {
  const { requests } = await httpLoad(request(counting()), { connections: 5, seconds: 1 });
  expect(requests).toBeGreaterThan(5);
  expect(new Set(bodies).size).toBe(bodies.length);
});

it("copies bytes before they become those of the next body", async () => {
  const [next, bytes] = [counting(), Buffer.from("body of many requests")];
  await openLoop(
    request(() => {
      bytes.write(next().padEnd(bytes.length));
      return bytes;
    }),
    { connections: 1, seconds: 1, perSecond: 20 },
  );
  expect(new Set(bodies).size).toBe(20);
});

it("makes a body for each request that is due", async () => {
  await openLoop(request(counting()), { connections: 5, seconds: 1, perSecond: 20 });
  expect(bodies.toSorted()).toEqual(Array.from({ length: 20 }, (_, n) => `body ${n}`).toSorted());
});

it("sends one body each time", async () => {
  await httpLoad(request("the body"), { connections: 2, seconds: 1 });
  expect(new Set(bodies)).toEqual(new Set(["the body"]));
});
