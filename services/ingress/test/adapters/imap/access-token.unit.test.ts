import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeSharedAccessTokens } from "../../../src/adapters/imap/access-token.ts";

let server: Server;
let asked: string[];
let answer: { status: number; body: string };
/** Refuses every refresh token but the one that it gave last. */
let isRotating: boolean;
let nowMs: number;

beforeEach(async () => {
  asked = [];
  nowMs = 0;
  isRotating = false;
  answer = { status: 200, body: JSON.stringify({ access_token: "first", expires_in: 3600 }) };
  server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    asked.push(body);
    const { status, body: said } = isRotating ? rotated(body) : answer;
    response.writeHead(status, { "content-type": "application/json" }).end(said);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

function rotated(form: string): typeof answer {
  const use = asked.length;
  if (new URLSearchParams(form).get("refresh_token") !== `refresh-${use}`) return { status: 400, body: '{"error":"invalid_grant"}' };
  return { status: 200, body: JSON.stringify({ access_token: `access-${use}`, refresh_token: `refresh-${use + 1}` }) };
}

function options() {
  const { port } = server.address() as AddressInfo;
  return { tokenUrl: `http://127.0.0.1:${port}/token`, clientId: "id", clientSecret: "cs", refreshToken: "refresh-1", scope: "mail" };
}
const makeTokensOf = () => makeSharedAccessTokens({ nowMs: () => nowMs });
const tokens = () => makeTokensOf()(options());

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
  forget(await get());
  answer.body = JSON.stringify({ access_token: "second" });
  expect(await get()).toBe("second");
  expect(asked[1]).toContain("refresh_token=refresh-2");
});

it("folders of one account share its tokens, where each refresh token is good for one use", async () => {
  isRotating = true;
  const tokensOf = makeTokensOf();
  const [one, other] = [tokensOf(options()), tokensOf(options())];
  expect(await Promise.all([one.get(), other.get()])).toEqual(["access-1", "access-1"]);
  one.forget("access-1");
  expect(await one.get()).toBe("access-2");
  other.forget("access-2");
  expect(await other.get()).toBe("access-3");
});

it("accounts with refresh tokens of their own share nothing", async () => {
  const tokensOf = makeTokensOf();
  await Promise.all([tokensOf(options()).get(), tokensOf({ ...options(), refreshToken: "another" }).get()]);
  expect(asked).toHaveLength(2);
});

it("a newer token stays when an older one was not taken", async () => {
  const { get, forget } = tokens();
  forget(await get());
  answer.body = JSON.stringify({ access_token: "second" });
  await get();
  forget("first");
  expect(await get()).toBe("second");
  expect(asked).toHaveLength(2);
});

it.each([
  [{ status: 400, body: '{"error":"invalid_grant"}' }, "login", "the token endpoint answers 400"],
  [{ status: 503, body: "busy" }, "connect", "the token endpoint answers 503"],
  [{ status: 200, body: "{}" }, "login", "the token endpoint gives no access token"],
])("an answer %j is a fault", async (given, kind, said) => {
  answer = given;
  await expect(tokens().get()).rejects.toMatchObject({ name: "ImapFault", kind, message: said });
});
