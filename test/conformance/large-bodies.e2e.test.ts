import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callJson, httpBuildQuery } from "../support/api-php.ts";
import { postTicket } from "../support/rest.ts";
import { type Stack, startStack } from "../support/stack.ts";

const MIB = 1024 * 1024;
const TICKET = { deptid: "1", clientid: "1", subject: "Large", message: "m" };

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({
    env: {
      HTTP_MAX_BODY_BYTES: String(8 * MIB),
      ATTACHMENT_MAX_COUNT: "2",
      ATTACHMENT_MAX_BYTES: String(MIB),
      ATTACHMENT_MAX_TOTAL_BYTES: String(MIB + 1000),
      ATTACHMENT_EXTENSIONS: "txt,png",
    },
  });
});
afterAll(() => stack.stop());

/** Sends the head and then as much of the body as the door takes; gives back what it answers. */
function sendRaw(head: string[], bodyBytes: number): Promise<string> {
  const { hostname, port } = new URL(stack.httpUrl);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let answer = "";
    let sent = 0;
    const chunk = Buffer.alloc(64 * 1024, "a");
    const pump = () => {
      while (sent < bodyBytes && socket.writable) {
        sent += chunk.length;
        if (!socket.write(chunk)) return;
      }
    };
    socket.setTimeout(15_000, () => socket.destroy(new Error("no answer within 15 s")));
    socket.on("connect", () => {
      socket.write(`${head.join("\r\n")}\r\n\r\n`);
      pump();
    });
    socket.on("drain", pump);
    socket.on("data", (data) => {
      answer += data.toString("latin1");
      const [headers = "", body = ""] = answer.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, "").split("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(headers)?.[1] ?? Number.NaN);
      if (body.length >= length) socket.destroy();
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", (error) => (answer === "" ? reject(error) : resolve(answer)));
  });
}

/** Posts a form that begins so and goes on for 50 MiB, whose length nobody is told. */
function postInChunks(path: string, beginning: string): Promise<Response> {
  const body = ReadableStream.from([Buffer.from(beginning), ...Array.from({ length: 200 }, () => Buffer.alloc(MIB / 4, "a"))]);
  const init = { method: "POST", body, duplex: "half", headers: { "content-type": "application/x-www-form-urlencoded" } };
  return fetch(`${stack.httpUrl}${path}`, init as RequestInit);
}

const head = (path: string, more: string[]) => [`POST ${path} HTTP/1.1`, "Host: door.test", "Content-Type: application/x-www-form-urlencoded", ...more];

describe("a refused body gets an answer that can be read", () => {
  it("when its length says that it is too large", async () => {
    const answer = await sendRaw(head("/includes/api.php?responsetype=json", [`Content-Length: ${60 * MIB}`]), 60 * MIB);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('"result":"error"');
  });

  it("when it turns out to be too large", async () => {
    const response = await postInChunks("/includes/api.php?responsetype=json", "message=");
    expect([response.status, await response.json()]).toMatchObject([413, { result: "error" }]);
  });

  it("in the format that the body's beginning asks for", async () => {
    const { status, result } = await callJson(stack, { ...TICKET, message: "m".repeat(9 * MIB) });
    expect([status, result]).toEqual([413, "error"]);
  });

  it("as a stranger's, when its beginning holds wrong credentials", async () => {
    const beginning = httpBuildQuery({ action: "OpenTicket", ...stack.credentials, secret: "wrong", responsetype: "json" });
    const response = await postInChunks("/includes/api.php", `${beginning}&message=`);
    expect([response.status, await response.json()]).toEqual([403, { result: "error", message: "Authentication Failed" }]);
  });

  it("when it is compressed, which is not read", async () => {
    const { status, message } = await callJson(stack, TICKET, { headers: { "content-encoding": "gzip" } });
    expect([status, message]).toEqual([415, "send the body as it is, without a content encoding"]);
  });

  it("when the caller is a stranger", async () => {
    const answer = await sendRaw(["POST /v1/tickets HTTP/1.1", "Host: door.test", "Content-Type: application/json", `Content-Length: ${50 * MIB}`], 50 * MIB);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer).toContain("application/problem+json");
  });

  it("before it is sent, to a caller that asks first", async () => {
    const answer = await sendRaw(["POST /v1/tickets HTTP/1.1", "Host: door.test", "Expect: 100-continue", `Content-Length: ${50 * MIB}`], 0);
    expect(answer).toMatch(/^(HTTP\/1\.1 100 Continue\r\n\r\n)?HTTP\/1\.1 401 /);
  });
});

describe("attachments beyond a limit are refused with what would be right", () => {
  const withFiles = async (...files: [name: string, bytes: number][]) => {
    const form = new FormData();
    for (const [name, value] of Object.entries({ action: "OpenTicket", responsetype: "json", ...stack.credentials, ...TICKET })) form.append(name, value);
    for (const [name, bytes] of files) form.append("attachments[]", new Blob(["x".repeat(bytes)]), name);
    const response = await fetch(`${stack.httpUrl}/includes/api.php`, { method: "POST", body: form });
    return (await response.json()) as { result: string; message?: string; errors?: unknown[] };
  };

  it.each<[string, [string, number][], RegExp]>([
    [
      "too many",
      [
        ["a.txt", 1],
        ["b.txt", 1],
        ["c.txt", 1],
      ],
      /at most 2/,
    ],
    ["one too large", [["a.txt", MIB + 1]], /1048576|1 MiB/],
    [
      "too large together",
      [
        ["a.txt", MIB - 1],
        ["b.txt", 2000],
      ],
      /together|total|all/i,
    ],
    ["of a type that is not allowed", [["a.exe", 1]], /txt, png/],
  ])("%s", async (_what, files, said) => {
    const { result, message, errors } = await withFiles(...files);
    expect(result).toBe("error");
    expect(message).toMatch(said);
    expect(errors).toEqual([{ code: "attachments_refused", field: "attachments", message }]);
  });

  it("over REST as a problem that names the field", async () => {
    const attachments = ["a", "b", "c"].map((name) => ({ name: `${name}.txt`, data: "eA==" }));
    const { status, body } = await postTicket(stack, { deptid: 1, clientid: 1, subject: "s", message: "m", attachments });
    expect([status, body.errors]).toMatchObject([422, [{ code: "attachments_refused", field: "attachments" }]]);
  });

  it("and those within are taken", async () => {
    expect(await withFiles(["a.txt", 1000], ["b.PNG", 1000])).toMatchObject({ result: "success" });
  });
});
