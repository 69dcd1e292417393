import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { BodyAborted } from "../../../src/adapters/http/body/errors.ts";
import { readBody } from "../../../src/adapters/http/body/read-body.ts";
import { answerClientError } from "../../../src/adapters/http/client-error.ts";
import { FORM, LIMITS, makeRecordingStore } from "./body/support.ts";

const BODY = "subject=Late";

let server: Server;
let socket: Socket;
/** What came of reading the request's body. */
let outcome: Promise<unknown>;
let answer = "";

beforeEach(async () => {
  answer = "";
  server = createServer({ requestTimeout: 200, headersTimeout: 200, connectionsCheckingInterval: 20 });
  server.on("clientError", answerClientError);
  const { storeBlob } = makeRecordingStore();
  outcome = new Promise((resolve) => {
    server.on("request", (request) => resolve(readBody(request, request.headers, { limits: LIMITS, storeBlob }).catch((error: unknown) => error)));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  // A client that goes on sending whatever it is told.
  socket = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", allowHalfOpen: true });
  socket
    .on("error", () => undefined)
    .on("data", (bytes) => {
      answer += bytes;
    });
  socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Type: ${FORM}\r\nContent-Length: ${BODY.length}\r\n\r\n`);
});
afterEach(() => {
  socket.destroy();
  server.close();
});

it("a request that does not come in time is told so, and ends with its connection", async () => {
  socket.write(BODY.slice(0, 5));
  expect(await outcome).toBeInstanceOf(BodyAborted);
  expect(answer).toMatch(/^HTTP\/1\.1 408 .*"message":"The request did not arrive in time"/s);
});

it("what comes of it behind that answer is not carried out", async () => {
  socket.write(BODY.slice(0, 5));
  await once(socket, "data");
  socket.write(BODY.slice(5));
  expect(await outcome).toBeInstanceOf(BodyAborted);
});
