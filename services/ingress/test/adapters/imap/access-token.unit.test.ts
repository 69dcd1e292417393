import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeAccessTokens } from "../../../src/adapters/imap/access-token.ts";

let server: Server;
let asked: string[];
let answer: { status: number; body: string };
let nowMs: number;

beforeEach(async () => {
  asked = [];
  nowMs = 0;
  answer = { status: 200, body: JSON.stringify({ access_token: "first", expires_in: 3600 }) };
  server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    asked.push(body);
    response.writeHead(answer.status, { "content-type": "application/json" }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

function tokens() {
  const { port } = server.address() as AddressInfo;
  const options = { tokenUrl: `http://127.0.0.1:${port}/token`, clientId: "id", clientSecret: "cs", refreshToken: "refresh-1", scope: "mail" };
  return makeAccessTokens(options, { nowMs: () => nowMs });
}

it("a token is asked for once and kept until shortly before it ends", async () => {
  const { get } = tokens();
  expect(await Promise.all([get(), get()])).toEqual(["first", "first"]);
  nowMs = 3_539_000;
  await get();
  expect(asked).toEqual(["grant_type=refresh_token&refresh_token=refresh-1&client_id=id&client_secret=cs&scope=mail"]);
  nowMs = 3_540_000;
  await get();
  expect(asked).toHaveLength(2);
});

it("a token that the server did not take is replaced, with the refresh token that came last", async () => {
  answer.body = JSON.stringify({ access_token: "first", refresh_token: "refresh-2" });
  const { get, forget } = tokens();
  await get();
  answer.body = JSON.stringify({ access_token: "second" });
  forget();
  expect(await get()).toBe("second");
  expect(asked[1]).toContain("refresh_token=refresh-2");
});

it.each([
  [{ status: 400, body: '{"error":"invalid_grant"}' }, "login", "the token endpoint answers 400"],
  [{ status: 503, body: "busy" }, "connect", "the token endpoint answers 503"],
  [{ status: 200, body: "{}" }, "login", "the token endpoint gives no access token"],
])("an answer %j is a fault", async (given, kind, said) => {
  answer = given;
  await expect(tokens().get()).rejects.toMatchObject({ name: "ImapFault", kind, message: said });
});
