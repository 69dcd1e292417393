import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { makeMongoBlobStore } from "@openticket/store";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type ApiAnswer, authorization, callApi, callJson, GUEST, getTicket, httpBuildQuery } from "../../../../../../test/support/api-php.ts";
import { addCredential } from "../../../../../../test/support/credentials.ts";
import { type Stack, startStack } from "../../../../../../test/support/stack.ts";
import { until } from "../../../../../../test/support/until.ts";
import { FORM, MULTIPART, part } from "../body/support.ts";

const MIB = 1024 * 1024;
const COLLECTIONS = ["blobs", "blobfiles.files", "blobfiles.chunks"];

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ env: { HTTP_UNADMITTED_MEMORY_BYTES: "3000000" } });
});
afterAll(async () => {
  await stack.store.db.dropDatabase();
  await stack.stop();
});
beforeEach(async () => {
  for (const name of COLLECTIONS) await stack.store.db.collection(name).deleteMany({});
});

const stored = () => Promise.all(COLLECTIONS.map((name) => stack.store.db.collection(name).countDocuments()));
const NOTHING = [0, 0, 0];
const large = () => randomBytes(2 * MIB + 1);
const small = () => randomBytes(1000);

type Part = [name: string, value: string | Buffer];
const file = (content: Buffer): Part => ["attachments[]", content];
const fields = (more: Record<string, string>): Part[] => Object.entries({ action: "OpenTicket", responsetype: "json", ...more });
const guest = Object.entries(GUEST).map(([name, value]): Part => [name, String(value)]);
const known = (): Part[] => Object.entries(stack.credentials);

function formOf(parts: Part[]): FormData {
  const form = new FormData();
  for (const [name, value] of parts) {
    if (typeof value === "string") form.append(name, value);
    else form.append(name, new Blob([Uint8Array.from(value)]), "a.bin");
  }
  return form;
}

async function post(parts: Part[]): Promise<ApiAnswer & { status: number }> {
  const response = await fetch(`${stack.httpUrl}/includes/api.php`, { method: "POST", body: formOf(parts) });
  return { status: response.status, ...((await response.json()) as ApiAnswer) };
}

const filePart = (content: Buffer) => part('name="attachments[]"; filename="a.bin"', content);

/** A call whose body begins so and is not complete. */
function begin(contentType: string, beginning: string | Buffer, query = ""): ClientRequest {
  const { hostname, port } = new URL(stack.httpUrl);
  const call = httpRequest({ hostname, port, path: `/includes/api.php?${query}`, method: "POST", headers: { "content-type": contentType } });
  call.on("error", () => undefined);
  call.write(beginning);
  return call;
}

async function contentOf(sha256: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of await makeMongoBlobStore(stack.store).open(sha256)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

describe("of a caller who is refused nothing stays", () => {
  const wrong: Part[] = [
    ["identifier", "tester"],
    ["secret", "wrong"],
  ];

  it.each<[string, () => Part[]]>([
    ["without credentials", () => [file(large()), file(small()), ...fields({})]],
    ["whose credentials come behind its files and are wrong", () => [file(large()), file(small()), ...fields({}), ...wrong]],
    [
      "whose credentials behind its files are right, and its action is not",
      () => [file(large()), file(small()), ...fields({ action: "DeleteClient" }), ...known()],
    ],
  ])("%s", async (_who, parts) => {
    const { status, result } = await post(parts());
    expect([status, result]).toEqual([403, "error"]);
    expect(await stored()).toEqual(NOTHING);
  });

  it("whose body breaks off", async () => {
    const call = begin(MULTIPART, Buffer.concat([filePart(large()), filePart(large())]));
    await until("chunks of both files", async () => (await stack.store.db.collection("blobfiles.chunks").distinct("files_id")).length === 2);
    expect(await stack.store.db.collection("blobs").countDocuments()).toBe(0);
    call.destroy();
    await until("nothing to be left", async () => (await stored()).every((count) => count === 0));
  });

  it("with a file that another one has", async () => {
    const content = large();
    expect((await post([...known(), ...fields({}), ...guest, file(content)])).result).toBe("success");
    const before = await stored();
    expect((await post([file(content), ...fields({})])).status).toBe(403);
    expect(await stored()).toEqual(before);
  });
});

describe("files behind right credentials", () => {
  it("are stored as they come, however small, so that they do not wait in memory", async () => {
    const credentials = Object.entries({ ...stack.credentials, action: "OpenTicket" }).map(([name, value]) => part(`name="${name}"`, value));
    const call = begin(MULTIPART, Buffer.concat([...credentials, filePart(small()), filePart(small()), part('name="subject"', "s")]));
    await until("both files to be stored", async () => (await stack.store.db.collection("blobs").countDocuments()) === 2);
    call.destroy();
  });

  it("do not stay when the action comes behind them, and is none", async () => {
    expect((await post([...known(), file(large()), file(small()), ...fields({ action: "DeleteClient" })])).status).toBe(403);
    expect(await stored()).toEqual(NOTHING);
  });
});

describe("files before the credentials", () => {
  it("become the ticket's", async () => {
    const contents = [large(), small(), large()];
    const { result, id } = await post([...contents.map(file), ...fields({}), ...guest, ...known()]);
    expect(result).toBe("success");
    const { attachments } = await getTicket(stack, id ?? 0);
    expect(attachments.map(({ sha256 }) => sha256)).toEqual(contents.map((content) => createHash("sha256").update(content).digest("hex")));
    for (const [index, { sha256 }] of attachments.entries()) expect((await contentOf(sha256)).equals(contents[index] ?? Buffer.alloc(0))).toBe(true);
  });

  it.each([
    ["first", 0],
    ["last", 1],
    ["beside others", 2],
  ])("are the ticket's when strangers send the same %s", async (_when, order) => {
    for (const content of [large(), small()]) {
      const refused = async () => expect((await post([file(content), ...fields({})])).status).toBe(403);
      const accepted = async () => expect((await post([file(content), ...fields({}), ...guest, ...known()])).result).toBe("success");
      if (order === 0) await refused();
      await Promise.all([accepted(), ...(order === 2 ? Array.from({ length: 6 }, (_, n) => (n % 3 === 0 ? accepted() : refused())) : [])]);
      if (order === 1) await refused();
      expect((await contentOf(createHash("sha256").update(content).digest("hex"))).equals(content)).toBe(true);
    }
    expect(await stored()).toEqual([2, 2, 10]);
  });
});

describe("files before the action", () => {
  const beforeAction = async (permissions: string[], fields: Record<string, string>) => {
    const credentials = await addCredential(stack, `may-${permissions}`, permissions);
    return post([...Object.entries(credentials), file(large()), ...Object.entries({ responsetype: "json", ...fields })]);
  };

  it("are taken of a caller who may do what it turns out to be", async () => {
    const { id } = await callJson(stack, GUEST);
    expect(await beforeAction(["addticketreply"], { action: "AddTicketReply", ticketid: String(id), clientid: "1", message: "m" })).toMatchObject({
      result: "success",
    });
    expect((await getTicket(stack, id)).replies[0]).toMatchObject({ attachments: [{ name: "a.bin" }] });
  });

  it("do not stay when he may not", async () => {
    const { status, message } = await beforeAction(["addticketreply"], { action: "OpenTicket" });
    expect([status, message]).toEqual([403, 'Invalid Permissions: API action "openticket" is not allowed']);
    expect(await stored()).toEqual(NOTHING);
  });
});

describe("the memory of callers who have not said who they are", () => {
  const heldBytes = async () => Number(/^openticket_http_unadmitted_bytes_held (\d+)/m.exec(await (await fetch(`${stack.httpUrl}/metrics`)).text())?.[1]);
  const nested = (fields: number) => Array.from({ length: fields }, (_, n) => `${n}${"[a]".repeat(10)}=`).join("&");
  type Collection = ReturnType<Stack["store"]["db"]["collection"]>;
  /** Text in front of the credentials, and then no more than that. */
  const note = (kilobytes: number) => `note=${"n".repeat(kilobytes * 1000)}`;
  const credentialsLast = (beginning: string) => `${beginning}&${httpBuildQuery({ action: "OpenTicket", ...GUEST, ...stack.credentials })}`;
  const call = (body: string) => callApi(stack, {}, { body });

  it("ends in a 503 in the caller's format, and others go on", async () => {
    const slow = begin(FORM, note(800));
    await until("the slow call to be held", async () => (await heldBytes()) > 2_000_000);
    for (const [format, beginning] of [
      ["json", '{"result":"error","message":"The request was not accepted: '],
      ["xml", '<?xml version="1.0" encoding="utf-8"?>'],
      ["nvp", "result=error;message=The request was not accepted: "],
    ] as const) {
      const refused = await call(credentialsLast(`responsetype=${format}&${note(700)}`));
      expect([refused.status, refused.headers.get("retry-after"), refused.text.slice(0, beginning.length)]).toEqual([503, "5", beginning]);
    }
    expect((await call(credentialsLast(note(40)))).text).toMatch(/^result=success;/);
    expect((await call(`${httpBuildQuery({ action: "OpenTicket", ...stack.credentials, ...GUEST })}&${note(700)}`)).text).toMatch(/^result=success;/);
    expect((await call(`${httpBuildQuery({ ...stack.credentials, ...GUEST })}&${note(700)}&action=OpenTicket`)).text).toMatch(/^result=success;/);
    const stranger = await call(`identifier=tester&secret=wrong&${note(700)}`);
    expect(stranger.status).toBe(403);

    const answered = once(slow, "response") as Promise<[IncomingMessage]>;
    slow.end(`&${httpBuildQuery({ action: "OpenTicket", ...GUEST, ...stack.credentials })}`);
    const [response] = await answered;
    expect(await text(response)).toMatch(/^result=success;/);
    expect(await heldBytes()).toBe(0);
    expect((await call(credentialsLast(note(700)))).text).toMatch(/^result=success;/);
  });

  it("is given back by a caller who goes away, and by one who is refused", async () => {
    const slow = begin(FORM, note(800));
    await until("the slow call to be held", async () => (await heldBytes()) > 2_000_000);
    slow.destroy();
    await until("nothing to be held", async () => (await heldBytes()) === 0);
    expect((await call(note(700))).status).toBe(403);
    expect(await heldBytes()).toBe(0);
  });

  it("is given back when it is known who calls, before their files are stored", async () => {
    const everyCollection: Collection = Object.getPrototypeOf(stack.store.db.collection("blobs"));
    const { insertOne } = everyCollection;
    const held: number[] = [];
    const spy = vi.spyOn(everyCollection, "insertOne").mockImplementation(async function (this: Collection, ...args) {
      if (this.collectionName === "blobfiles.files") held.push(await heldBytes());
      return insertOne.apply(this, args);
    });
    try {
      expect((await post([file(large()), ...fields({}), ...guest, ...known()])).result).toBe("success");
      expect(held).toEqual([0]);
    } finally {
      spy.mockRestore();
    }
  });

  it("is not taken by a query beside the call's own: of the others a thousand fields are read", async () => {
    const ask = (fields: number) => {
      const query = [...Array.from({ length: fields }, (_, n) => `f${n}`), "idempotencyKey=a"].join("&");
      return fetch(`${stack.httpUrl}/v1/requests?${query}`, { headers: authorization(stack) });
    };
    expect([(await ask(999)).status, (await ask(1000)).status]).toEqual([404, 400]);
  });

  it.each<[string, string, () => string | Buffer, (() => string)?]>([
    ["of JSON", "application/json", () => `{"message":"${"m".repeat(800_000)}`],
    ["of names of fields", FORM, () => Array.from({ length: 400 }, (_, n) => `${n}${"f".repeat(2000)}=`).join("&")],
    ["of names inside attachments", FORM, () => `attachments=${Buffer.from(`[{"${"k".repeat(800_000)}`).toString("base64")}`],
    ["of names in brackets", FORM, () => nested(600)],
    ["of a query", FORM, () => "a=1", () => nested(600)],
    ["of files that are small", MULTIPART, () => Buffer.concat(Array.from({ length: 10 }, () => filePart(randomBytes(230_000))))],
  ])("counts what is held %s", async (_what, type, beginning, query = () => "") => {
    const slow = begin(type, beginning(), query());
    await until("it to be held", async () => (await heldBytes()) > 1_900_000);
    slow.destroy();
    await until("nothing to be held", async () => (await heldBytes()) === 0);
  });
});
