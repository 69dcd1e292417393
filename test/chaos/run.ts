import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Programs } from "./breaks.ts";
import { countBy, jobsNowhere, readStored } from "./count.ts";
import type { FaultLog } from "./fault-log.ts";
import type { Fleet } from "./fleet.ts";
import { isJudged, longestGap } from "./health.ts";
import type { Ledger } from "./ledger.ts";
import type { ChaosOptions } from "./options.ts";
import { quiet, runAudit } from "./quiet.ts";
import { DATABASE, prepare, type Stage } from "./scene.ts";
import { underFire } from "./under-fire.ts";
import { judge, type Verdict } from "./verdict.ts";

/**
 * One chaos run: start, a calm while, faults under load, quiet, verdict.
 */
export interface Run extends Verdict {
  ledger: Ledger;
  faults: FaultLog;
  mails: { taken: number; refused: number };
  told: { taken: number; refused: number };
  tickets: number;
  inbound: { states: Record<string, number>; repetitions: number };
  /** From the end of the faults until nothing was to be done any more, ms. */
  quietAfterMs: number;
  memory: { process: string; firstMb: number; lastMb: number }[];
  memoryJudged: number;
}

/** Runs the chaos; `say` gets a line about each phase. */
export async function runChaos(options: ChaosOptions, programs: Programs, say: (line: string) => void): Promise<Run> {
  const dataDir = await mkdtemp(join(tmpdir(), "openticket-chaos-"));
  const closers: (() => unknown)[] = [];
  try {
    return await story({ options, programs, say, dataDir, closeLater: (close) => void closers.push(close) });
  } finally {
    for (const close of closers.reverse()) await close();
    if (options.keepsData) say(`data and logs: ${dataDir}`);
    else await rm(dataDir, { recursive: true, force: true });
  }
}

async function story(stage: Stage): Promise<Run> {
  const { options, say } = stage;
  const scene = await prepare(stage);
  say(`calm for a while, then faults, ${options.minutes} min in all, seed ${options.seed}`);
  await underFire(scene, options);
  say("faults are over; waiting for the last answers and deliveries");
  const calmAtMs = performance.now();
  const unfinished = await quiet(scene, options);
  const quietAfterMs = performance.now() - calmAtMs;
  const audit = await runAudit(stage.programs.cli, scene.env);
  const stored = await readStored(scene.db);
  const { ledger, sink, faults, producers, fleet } = scene;
  const { lives, ownDeaths } = fleet;
  const verdict = judge({
    ledger,
    stored,
    mails: sink.taken,
    replies: producers.raw.replies,
    told: scene.receiver.told,
    faults,
    lives,
    ownDeaths,
    audit,
    longestSilenceMs: longestGap(ledger.times.map(({ atMs }) => atMs)),
    jobsNowhere: await jobsNowhere(scene.redis, DATABASE),
  });
  return {
    breaches: [...unfinished, ...tooLittle(ledger, options), ...verdict.breaches],
    duplicates: verdict.duplicates,
    ledger,
    faults,
    mails: { taken: sink.taken.length, refused: sink.refused() },
    told: { taken: scene.receiver.told.filter(({ isTaken }) => isTaken).length, refused: scene.receiver.told.filter(({ isTaken }) => !isTaken).length },
    tickets: stored.tickets.length,
    inbound: {
      states: countBy(stored.inbound.map(({ state }) => state)),
      repetitions: stored.inbound.reduce((sum, { repetitions }) => sum + repetitions, 0),
    },
    quietAfterMs,
    memory: memoryOf(fleet),
    memoryJudged: lives.filter(isJudged).length,
  };
}

/** A run in which hardly anything was answered has shown nothing. */
function tooLittle({ requests }: Ledger, { tickets }: ChaosOptions): string[] {
  const acknowledged = requests.filter(({ acknowledgements }) => acknowledgements.length > 0).length;
  return acknowledged >= tickets * 0.9 ? [] : [`too-little: ${acknowledged} requests were acknowledged; wanted ${tickets}`];
}

function memoryOf({ lives }: Fleet): Run["memory"] {
  const mb = (bytes = 0) => Math.round(bytes / 1e6);
  return lives
    .filter(({ samples }) => samples.length > 1)
    .toSorted((a, b) => b.samples.length - a.samples.length)
    .slice(0, 6)
    .map(({ name, samples }) => ({ process: name, firstMb: mb(samples[1]?.rssBytes), lastMb: mb(samples.at(-1)?.rssBytes) }));
}
