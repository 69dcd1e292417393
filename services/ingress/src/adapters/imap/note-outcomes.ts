import type { SkippedMessage } from "@openticket/contract";
import type { FolderState, ImportDeps } from "./import-ports.ts";
import { fail, settle } from "./progress.ts";
import type { Taken } from "./take-message.ts";

/**
 * Writes down what became of the messages of a batch; those in `unfinished` are not settled. One that may be gone is said when
 * it has been found again. Throws when the lease is lost.
 */
export async function noteOutcomes(outcomes: readonly Taken[], unfinished: ReadonlySet<number>, state: FolderState, deps: ImportDeps): Promise<void> {
  const at = deps.now();
  const { uidValidity, failing } = state.progress;
  const hasFailed = new Set(failing.map(({ uid }) => uid));
  const skipped: SkippedMessage[] = [];
  let progress = settle(
    state.progress,
    outcomes.flatMap(({ uid, kind }) => (kind === "failed" || kind === "our-trouble" || unfinished.has(uid) ? [] : [uid])),
  );
  for (const outcome of outcomes) {
    const { uid } = outcome;
    if (outcome.kind === "our-trouble" || outcome.kind === "not-wanted") continue;
    const mayBeGone = outcome.kind === "failed" && outcome.mayBeGone && !hasFailed.has(uid);
    if (!mayBeGone) deps.report.taken(outcome.kind, outcome);
    if (outcome.kind === "skipped") skipped.push({ uidValidity, uid, reason: outcome.reason, size: outcome.size, at });
    if (outcome.kind !== "failed") continue;
    const failed = fail(progress, uid, at);
    progress = failed.progress;
    if (failed.kind === "gave-up") skipped.push({ uidValidity, uid, reason: "unreadable", at });
  }
  await deps.save(progress, skipped);
  state.progress = progress;
}
