import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { z } from "zod";
import { fuzz, readSeeds } from "./fuzz.ts";

/**
 * npm run fuzz:mail -- --mutants N --seed S [--corpus DIR]: mutants of our own odd mails, and of those in a folder, each
 * understood and judged. What is found is kept below .cache/fuzz. Exit code 1 when something was.
 */
const OWN = fileURLToPath(new URL("../../shared/mail/test/fixtures", import.meta.url));
const KEPT = fileURLToPath(new URL("../../.cache/fuzz", import.meta.url));
const PROGRESS_EVERY = 50_000;

const { values } = parseArgs({ options: { mutants: { type: "string" }, seed: { type: "string" }, corpus: { type: "string", multiple: true } } });
const options = z
  .object({ mutants: z.coerce.number().int().positive().default(20_000), seed: z.coerce.number().int().default(1), corpus: z.array(z.string()).default([]) })
  .parse(values);

const seeds = readSeeds([OWN, ...options.corpus]);
const startedAt = performance.now();
const onProgress = (done: number) => done % PROGRESS_EVERY === 0 && console.log(`${done} mutants, ${rate(done)}/s`);
const found = fuzz({ seeds, mutants: options.mutants, seed: options.seed, onProgress });
for (const { mutant, raw, why } of found) keep(`${options.seed}-${mutant}.eml`, raw, why);
console.log(`${options.mutants} mutants of ${seeds.length} mails, seed ${options.seed}: ${found.length} wrong, ${rate(options.mutants)} a second`);
process.exitCode = found.length > 0 ? 1 : 0;

function rate(done: number): number {
  return Math.round(done / ((performance.now() - startedAt) / 1000));
}

function keep(name: string, raw: Buffer, why: string): void {
  mkdirSync(KEPT, { recursive: true });
  writeFileSync(join(KEPT, name), raw);
  console.log(`${join(KEPT, name)}: ${why}`);
}
