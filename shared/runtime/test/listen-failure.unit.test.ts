import { expect, it } from "vitest";
import { explainListening } from "../src/listen-failure.ts";
import { makeMetrics } from "../src/metrics.ts";
import { startOperationsServer } from "../src/operations-server.ts";

const settings = { setting: "HTTP_PORT", hostSetting: "HTTP_HOST" };
const listenOn = (host: string, port: number) =>
  explainListening(startOperationsServer({ host, port, metrics: makeMetrics(), checks: [] }), { host, port, ...settings });

it("an address of another machine, or a name that nobody knows, is a fault of the host's variable", async () => {
  await expect(listenOn("192.0.2.1", 0)).rejects.toThrow("192.0.2.1 is no address of this machine; set HTTP_HOST to one that is");
  const unknown = Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" });
  await expect(explainListening(Promise.reject(unknown), { host: "nowhere", port: 1, ...settings })).rejects.toThrow(/^nowhere .*; set HTTP_HOST to/);
});

it("a port that is taken is one of the port's", async () => {
  const first = await listenOn("127.0.0.1", 0);
  const port = Number(new URL(first.url).port);
  await expect(listenOn("127.0.0.1", port)).rejects.toThrow(`127.0.0.1:${port} is in use by another program; free it, or set HTTP_PORT to another`);
  await first.close();
});
