import { parse } from "node:querystring";
import type { Metrics, ReadinessCheck } from "@openticket/runtime";
import { readiness } from "@openticket/runtime";
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, LogController } from "fastify";
import { Overloaded } from "../../intake/gate.ts";
import { QueueUnavailable, ReplyLate } from "../../intake/ports.ts";
import { API_PHP_PATH, registerApiPhp } from "./api-php/route.ts";
import { bodyFault } from "./body-fault.ts";
import { answerClientError, answerExpectation, forgetAnswer, noteAnswer } from "./client-error.ts";
import type { HttpDeps } from "./http-deps.ts";
import { notedId } from "./note-command.ts";
import { registerDocs } from "./openapi/docs.ts";
import { AmbiguousHead, dropForwardedPorts, headFault } from "./request-head.ts";
import { registerInbound } from "./rest/inbound.ts";
import { Problem, sendProblem } from "./rest/problem.ts";
import { registerRequests } from "./rest/requests.ts";
import { registerTickets } from "./rest/tickets.ts";
import { registerWebhookEndpoints } from "./rest/webhook-endpoints.ts";
import { registerWebhookSources } from "./rest/webhook-sources.ts";
import { rememberMethods } from "./served-methods.ts";

export interface HttpAppOptions {
  logger: FastifyBaseLogger;
  /** Proxies whose `X-Forwarded-For` is believed, as CIDR ranges. */
  trustedProxies: string[];
  metrics: Metrics;
  checks: readonly ReadinessCheck[];
  /** Further routes on the same server, such as those of webhooks, which are an adapter of their own. */
  routes: readonly ((app: FastifyInstance) => void)[];
}

/** Longest time for a request's head and body to arrive, ms. A 25 MB upload over a slow line takes minutes. */
const REQUEST_TIMEOUT_MS = 600_000;
/** Idle connections are kept longer than common proxies keep theirs, ms. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;

/** Some callers put everything, a ticket's message too, into the query of a POST; without a body it is all in the head, bytes. */
const MAX_HEAD_BYTES = 128 * 1024;

/** The HTTP door, apart from the process that listens: the API call, REST, its documentation, health and metrics. */
export async function makeHttpApp(deps: HttpDeps, options: HttpAppOptions): Promise<FastifyInstance> {
  const { logger, trustedProxies } = options;
  const app = Fastify({
    loggerInstance: logger,
    // Requests are counted, not logged: their URLs may hold secrets.
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: trustedProxies.length > 0 ? trustedProxies : false,
    // A missing Host is answered below, in words.
    http: { maxHeaderSize: MAX_HEAD_BYTES, requireHostHeader: false },
    clientErrorHandler: answerClientError,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    // Node's own parser reads a thousand fields of a query; the framework's would hold each of them that a head has room for.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 300, querystringParser: (query) => parse(query) },
    rewriteUrl: ({ url = "/" }) => url.replace(/^[^?]*\/includes\/+api\.php\/?(?=$|\?)/i, API_PHP_PATH),
    frameworkErrors: (error, _request, reply) => sendProblem(reply, new Problem(error.statusCode ?? 400, "Bad Request", error.message)),
    // What still comes over an open connection is served, and the connection ends with it: the drain waits for both.
    return503OnClosing: false,
    forceCloseConnections: "idle",
  });
  // Bodies are read by our own streaming readers: the framework hands them on untouched.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, payload, done) => done(null, payload));

  app.server.on("checkExpectation", answerExpectation);

  const methodsOf = rememberMethods(app);
  observe(app, options.metrics);
  // What comes behind an unclear head may be no request, also when it is here already.
  const unclear = new WeakSet<object>();
  app.addHook("onRequest", async ({ raw }, reply) => {
    noteAnswer(raw.socket, reply.raw);
    const fault = unclear.has(raw.socket) ? new AmbiguousHead("A request before it on this connection had an unclear head") : headFault(raw);
    if (fault) {
      unclear.add(raw.socket);
      reply.header("connection", "close");
      throw fault;
    }
    dropForwardedPorts(raw);
  });
  app.setErrorHandler((error, request, reply) => sendProblem(reply, problemFor(error, deps, request)));
  app.setNotFoundHandler((request, reply) => {
    const [path = ""] = request.url.split("?");
    return sendProblem(reply, notServed(request.method, path, methodsOf(path)));
  });
  registerApiPhp(app, deps);
  registerTickets(app, deps);
  registerRequests(app, deps);
  registerInbound(app, deps);
  registerWebhookSources(app, deps);
  registerWebhookEndpoints(app, deps);
  for (const register of options.routes) register(app);
  registerHealth(app, options);
  await registerDocs(app);
  return app;
}

function notServed(method: string, path: string, methods: string[]): Problem {
  if (methods.length === 0) return new Problem(404, "Not Found", `${method} ${path} is not served here; see /docs`);
  const allow = methods.join(", ");
  return new Problem(405, "Method Not Allowed", `${method} is not served at ${path}; use ${allow}`, {}, { allow });
}

function registerHealth(app: FastifyInstance, { metrics, checks }: HttpAppOptions): void {
  app.get("/healthz", async () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const ready = await readiness(checks);
    return reply.code(ready.isReady ? 200 : 503).send(ready);
  });
  app.get("/metrics", async (_request, reply) => {
    const { contentType, body } = await metrics.expose();
    return reply.header("content-type", contentType).send(body);
  });
}

function observe(app: FastifyInstance, metrics: Metrics): void {
  const seconds = metrics.seconds("http_request_seconds", "HTTP requests by route and status", ["method", "route", "status"]);
  app.addHook("onResponse", async (request, reply) => {
    forgetAnswer(request.raw.socket, reply.raw);
    const labels = { method: request.method, route: request.routeOptions.url ?? "none", status: String(reply.statusCode) };
    seconds.observe(labels, reply.elapsedTime / 1000);
    request.log.debug({ ...notedId(request), ...labels, ms: Math.round(reply.elapsedTime) }, "answered");
  });
}

function problemFor(error: unknown, deps: HttpDeps, request: FastifyRequest): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof ReplyLate) {
    const { requestId } = error;
    const headers = { ...deps.retryAfter(), location: `/v1/requests/${requestId}` };
    return new Problem(503, "Outcome not known yet", `Ask for it at /v1/requests/${requestId} before you send the request again`, { requestId }, headers);
  }
  if (error instanceof Overloaded) return new Problem(503, "Service Unavailable", `The request was not accepted: ${error.message}`, {}, deps.retryAfter());
  if (error instanceof QueueUnavailable)
    return new Problem(503, "Service Unavailable", "The request was not accepted: the queue is not available", {}, deps.retryAfter());
  const fault = bodyFault(error);
  if (fault) return new Problem(fault.status, TITLES[fault.status], fault.message, fault.errors && { errors: fault.errors });
  const status = typeof error === "object" && error !== null && "statusCode" in error ? Number(error.statusCode) : 500;
  if (status >= 400 && status < 500) return new Problem(status, "Bad Request", error instanceof Error ? error.message : "The request is malformed");
  request.log.error({ ...notedId(request), err: error }, "request failed");
  return new Problem(503, "Service Unavailable", "A part of the service is not available; try again later", {}, deps.retryAfter());
}

const TITLES = { 400: "Bad Request", 413: "Content Too Large", 415: "Unsupported Media Type", 422: "The request was rejected" } as const;
