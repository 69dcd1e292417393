import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { messageOf } from "./message-of.ts";
import type { Metrics } from "./metrics.ts";

/** A thing that must work for the process to be ready; throws when it does not. */
export interface ReadinessCheck {
  name: string;
  check(): Promise<unknown>;
}

export interface Readiness {
  isReady: boolean;
  checks: Record<string, "ok" | string>;
}

/** How long one readiness check may take, ms. */
const CHECK_TIMEOUT_MS = 2000;

/** Runs all checks side by side. */
export async function readiness(checks: readonly ReadinessCheck[]): Promise<Readiness> {
  const answers = await Promise.all(checks.map(async ({ name, check }) => [name, await answerOf(check)] as const));
  return { isReady: answers.every(([, answer]) => answer === "ok"), checks: Object.fromEntries(answers) };
}

async function answerOf(check: () => Promise<unknown>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${CHECK_TIMEOUT_MS} ms`), CHECK_TIMEOUT_MS);
  });
  const answer = check().then(() => "ok", messageOf);
  const first = await Promise.race([answer, late]);
  clearTimeout(timer);
  return first;
}

/** Serves `/healthz`, `/readyz` and `/metrics` for a process that has no HTTP door of its own. */
export async function startOperationsServer({
  host,
  port,
  metrics,
  checks,
}: {
  host: string;
  port: number;
  metrics: Metrics;
  checks: readonly ReadinessCheck[];
}): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    answer(request.url ?? "/", response, metrics, checks).catch(() => response.writeHead(500).end());
  });
  await listen(server, host, port);
  const { port: actualPort } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${actualPort}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(path: string, response: ServerResponse, metrics: Metrics, checks: readonly ReadinessCheck[]): Promise<void> {
  if (path === "/healthz") return send(response, 200, "application/json", JSON.stringify({ status: "ok" }));
  if (path === "/metrics") {
    const { contentType, body } = await metrics.expose();
    return send(response, 200, contentType, body);
  }
  if (path !== "/readyz") return send(response, 404, "application/json", JSON.stringify({ message: "here are /healthz, /readyz and /metrics" }));
  const ready = await readiness(checks);
  send(response, ready.isReady ? 200 : 503, "application/json", JSON.stringify(ready));
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { "content-type": contentType }).end(body);
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject).listen(port, host, () => resolve());
  });
}
