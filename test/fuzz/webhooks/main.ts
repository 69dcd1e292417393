import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { z } from "zod";
import { type CallFinding, fuzzCalls } from "./fuzz-calls.ts";
import { makeOriginals } from "./originals.ts";

/**
 * npm run fuzz:webhooks -- --calls N --seed S: calls of every kind of source, altered and genuine, each verified, read and
 * judged. What is found is kept below .cache/fuzz. Exit code 1 when something was.
 */
const KEPT = fileURLToPath(new URL("../../../.cache/fuzz", import.meta.url));
const PROGRESS_EVERY = 50_000;

const { values } = parseArgs({ options: { calls: { type: "string" }, seed: { type: "string" } } });
const options = z.object({ calls: z.coerce.number().int().positive().default(20_000), seed: z.coerce.number().int().default(1) }).parse(values);

const originals = makeOriginals();
const startedAt = performance.now();
const seconds = () => (performance.now() - startedAt) / 1000;
const onProgress = (done: number) => done % PROGRESS_EVERY === 0 && console.log(`${done} calls, ${Math.round(done / seconds())}/s`);
const { found, genuine, altered, events, verifiedAltered, longestMs } = await fuzzCalls({ originals, ...options, onProgress });
for (const finding of found) keep(finding);
console.log(`${options.calls} calls of ${originals.length} genuine ones, seed ${options.seed}, in ${seconds().toFixed(1)} s: ${found.length} wrong`);
console.log(`${genuine} genuine, ${altered} altered (${verifiedAltered} where it proves nothing), ${events} altered before they were signed`);
console.log(`longest ${Math.round(longestMs)} ms of CPU`);
process.exitCode = found.length > 0 ? 1 : 0;

function keep({ number, name, call, why }: CallFinding): void {
  mkdirSync(KEPT, { recursive: true });
  const path = join(KEPT, `webhook-${options.seed}-${number}.json`);
  writeFileSync(path, JSON.stringify({ name, why, ...call, body: call.body.toString("base64") }, null, 2));
  console.log(`${path}: ${name}: ${why}`);
}
