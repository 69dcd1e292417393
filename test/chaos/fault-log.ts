/** What was broken, when, and how soon there was an answer again. */

export interface Fault {
  kind: string;
  /** What it hit. */
  target: string;
  startedAtMs: number;
  /** When it was mended; undefined while it lasts. */
  endedAtMs?: number;
}

export interface FaultLog {
  faults: readonly Fault[];
  /** Notes a fault around the work that makes and mends it. */
  during(kind: string, target: string, work: () => Promise<void>): Promise<void>;
  /** True when something was broken between the two instants, or had been shortly before. */
  isExcused(fromMs: number, toMs: number): boolean;
  /** Deaths of workers between the two instants. */
  crashesBetween(fromMs: number, toMs: number): number;
}

/** Faults in which workers are killed. */
const CRASHES = new Set(["worker killed", "worker with a wrong clock", "workers added or removed"]);

/** True for a fault in which workers are killed. */
export const isCrash = ({ kind }: Pick<Fault, "kind">): boolean => CRASHES.has(kind);

/** How long after its end a fault may still show: a lock, a stalled check, a socket's time-out, ms. */
const AFTERMATH_MS = 20_000;

/** `note` hears of each fault when it begins and when it is mended. */
export function makeFaultLog(note: (line: object) => void): FaultLog {
  const faults: Fault[] = [];
  return {
    faults,
    async during(kind, target, work) {
      const fault: Fault = { kind, target, startedAtMs: performance.now() };
      faults.push(fault);
      note({ fault: kind, target });
      await work().finally(() => {
        fault.endedAtMs = performance.now();
        note({ mended: kind, target, afterMs: Math.round(fault.endedAtMs - fault.startedAtMs) });
      });
    },
    isExcused: (fromMs, toMs) =>
      faults.some(({ startedAtMs, endedAtMs = Number.POSITIVE_INFINITY }) => startedAtMs <= toMs && endedAtMs + AFTERMATH_MS >= fromMs),
    crashesBetween: (fromMs, toMs) =>
      faults.filter(({ kind, startedAtMs, endedAtMs = Number.POSITIVE_INFINITY }) => isCrash({ kind }) && startedAtMs <= toMs && endedAtMs >= fromMs).length,
  };
}

/** From each fault to the first acknowledgement of a delivery that was begun after it, by kind, ms. */
export function recoveriesByKind(faults: readonly Fault[], acknowledged: readonly { sentAtMs: number; atMs: number }[]): Map<string, number[]> {
  const bySending = acknowledged.toSorted((a, b) => a.sentAtMs - b.sentAtMs);
  const earliest: number[] = [];
  let best = Number.POSITIVE_INFINITY;
  for (let index = bySending.length - 1; index >= 0; index--) {
    best = Math.min(best, bySending[index]?.atMs ?? best);
    earliest[index] = best;
  }
  const byKind = new Map<string, number[]>();
  for (const { kind, startedAtMs } of faults) {
    const atMs = earliest[firstAfter(bySending, startedAtMs)];
    if (atMs !== undefined) byKind.set(kind, [...(byKind.get(kind) ?? []), atMs - startedAtMs]);
  }
  return byKind;
}

function firstAfter(sorted: readonly { sentAtMs: number }[], timeMs: number): number {
  const index = sorted.findIndex(({ sentAtMs }) => sentAtMs > timeMs);
  return index < 0 ? sorted.length : index;
}
