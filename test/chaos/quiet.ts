import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { until } from "../support/until.ts";
import { countUnfinished, letCallsBeDue, letLooksBeDue, letTimePass, type Unfinished } from "./count.ts";
import type { ChaosOptions } from "./options.ts";
import { DATABASE, type Scene } from "./scene.ts";

/** How long producers may need for their last answers, and the product for what it owes, once nothing is broken, ms. */
const SETTLE_TIMEOUT_MS = 120_000;
const QUIET_TIMEOUT_MS = 300_000;
const HURRIED_QUIET_TIMEOUT_MS = 120_000;
const AUDIT_TIMEOUT_MS = 60_000;
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Waits until nothing is to be done any more; what is left after a bounded time is a breach. */
export async function quiet({ fleet, producers, sink, receiver, db, redis }: Scene, { isHurried }: ChaosOptions): Promise<string[]> {
  sink.behave();
  receiver.behave();
  await Promise.all([...fleet.workers, ...fleet.doors].map((slot) => slot.up()));
  await producers.settled(SETTLE_TIMEOUT_MS);
  if (isHurried) {
    await Promise.all(fleet.workers.map((slot) => slot.drain()));
    await letTimePass(db);
    await Promise.all(fleet.workers.map((slot) => slot.up()));
  }
  let left: Unfinished = { jobs: 0, owing: 0, receipts: 0, inbound: 0, calls: 0 };
  const look = async () => {
    fleet.sample();
    await letCallsBeDue(db);
    left = await countUnfinished(db, { redis, prefix: DATABASE });
    // Nobody has them in hand: a look from before a job was lost must not be waited out.
    if (isHurried && left.jobs === 0 && left.receipts + left.inbound > 0) await letLooksBeDue(db);
    return Object.values(left).every((count) => count === 0);
  };
  try {
    await until("quiet", look, isHurried ? HURRIED_QUIET_TIMEOUT_MS : QUIET_TIMEOUT_MS);
    return [];
  } catch {
    const { jobs, owing, receipts, inbound, calls } = left;
    const rest = `${receipts} receipts, ${inbound} mails and events without an outcome, ${calls} calls to the endpoint`;
    return [`not-quiet: ${jobs} jobs, ${owing} tickets that owe something, ${rest}`];
  }
}

/** What the operator's own audit says. */
export function runAudit(cli: string, env: Record<string, string>): Promise<{ exitCode: number; text: string }> {
  return new Promise((resolve) => {
    const args = [cli, "audit", "--json"];
    const options = { cwd: ROOT, env: { PATH: process.env.PATH, ...env }, timeout: AUDIT_TIMEOUT_MS };
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve({ exitCode: error ? Number(error.code ?? 1) : 0, text: stdout || stderr });
    });
  });
}
