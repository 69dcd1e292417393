import { randomBytes, randomUUID } from "node:crypto";
import { startProcess } from "../../support/processes.ts";
import { BENCH_CREDENTIALS, type BenchContext } from "../harness/context.ts";
import type { FixedRequest, HttpRequest } from "../harness/http-load.ts";
import { inTurns, type Measured, makeRow, NO_GOAL, type Row, warmUpOf } from "../harness/measure.ts";
import { metered } from "../harness/meter.ts";
import { sampleTicket } from "../harness/tickets.ts";
import { FILE_DOOR, OUR_DOOR, OUR_WORKER, PLAIN_WORKER, QUEUE, WAITING_DOOR } from "../programs.ts";
import { bareCall, restCall, throughDoor, urlIn } from "./http-rows.ts";

export const LARGE_BYTES = 25 * 1024 * 1024;

export const tenKilobytes = (context: BenchContext) => withFile(context, { row: "F10K", bytes: 10_000, connections: 50 });
export const oneMegabyte = (context: BenchContext) => withFile(context, { row: "F1M", bytes: 1_000_000, connections: 10 });

/** A file of its own with each ticket, against such a file in the job of the plain worker. */
async function withFile(context: BenchContext, { row, bytes, connections }: { row: string; bytes: number; connections: number }): Promise<Row> {
  const load = { connections, seconds: context.isQuick ? 3 : 10 };
  const attachments = [{ name: "file.txt", data: `${OWN_PLACE}${Buffer.alloc(bytes - OWN_BYTES, randomUUID()).toString("base64")}` }];
  const sides = await inTurns(
    context.rounds,
    () =>
      throughDoor(context, {
        door: OUR_DOOR,
        worker: OUR_WORKER,
        request: (url) => withOwnFile(restCall(url, { ...sampleTicket(), attachments }, 201)),
        ...load,
      }),
    () => throughDoor(context, { door: WAITING_DOOR, worker: PLAIN_WORKER, request: (url) => withOwnFile(bareCall(url, 200, { attachments })), ...load }),
  );
  const what = `a file of ${bytes} bytes with each ticket over HTTP, ${connections} connections, against the same in the plain worker's job and document`;
  return makeRow({ row, what, unit: "tickets/s", isRate: true, goal: NO_GOAL }, sides);
}

/** Whole groups of base64, and what stands where they will. */
const OWN_BYTES = 15;
const OWN_PLACE = "the/files/own/bytes/";

/**
 * The call with a file like no other in each request: of a content that is known nothing would be stored. All are written into one
 * body: the load spends a third of the time on it that a body of its own for each would take.
 */
function withOwnFile({ body, ...call }: FixedRequest): HttpRequest {
  const bytes = Buffer.from(body);
  const place = bytes.indexOf(OWN_PLACE);
  const ownBody = () => {
    bytes.write(randomBytes(OWN_BYTES).toString("base64"), place);
    return bytes;
  };
  return { ...call, body: ownBody };
}

/** 25 MB fit neither a job nor a document: the baseline streams them into GridFS. No file is like another. */
export async function twentyFiveMegabytes(context: BenchContext): Promise<Row> {
  const uploads = context.isQuick ? 3 : 10;
  const side = (door: string, worker: string, path: string) => async (): Promise<Measured> => {
    const env = context.env(`bench-${randomUUID()}`);
    const [front, back] = await Promise.all([startProcess(door, env, [QUEUE]), startProcess(worker, env, [QUEUE])]);
    const url = `${urlIn(front.readyLine)}${path}`;
    try {
      for (let n = 0; n < warmUpOf(uploads); n++) await upload(url, LARGE_BYTES);
      const work = async () => {
        const startedAt = performance.now();
        for (let n = 0; n < uploads; n++) await upload(url, LARGE_BYTES);
        return (performance.now() - startedAt) / 1000;
      };
      const { result: seconds, ...spent } = await metered(context, { door: front, worker: back }, () => uploads, work);
      return { value: seconds / uploads, ...spent };
    } finally {
      await Promise.all([front.stop(), back.stop()]);
    }
  };
  const sides = await inTurns(context.rounds, side(OUR_DOOR, OUR_WORKER, CLASSIC_PATH), side(FILE_DOOR, PLAIN_WORKER, "/"));
  const what = "a multipart upload of 25 MB, one after another, against a fastify route that streams it to GridFS, and the plain worker";
  return makeRow({ row: "F25M", what, unit: "s", isRate: false, goal: NO_GOAL }, sides);
}

export const CLASSIC_PATH = "/includes/api.php";

/** Opens a ticket with a file of so many bytes, like no other. */
export async function upload(url: string, bytes: number): Promise<void> {
  const form = new FormData();
  const fields = { action: "OpenTicket", responsetype: "json", ...BENCH_CREDENTIALS, ...sampleTicket() };
  for (const [name, value] of Object.entries(fields)) form.append(name, String(value));
  form.append("attachments[]", new Blob([Buffer.alloc(bytes, randomUUID())]), "large.bin");
  const response = await fetch(url, { method: "POST", body: form });
  const text = await response.text();
  if (!text.includes('"success"')) throw new Error(`an upload was refused: ${text.slice(0, 200)}`);
}
