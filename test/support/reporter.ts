import { writeSync } from "node:fs";
import type { Reporter, TestCase, TestModule } from "vitest/node";

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const STDOUT = 1;

/**
 * Closes the output with one line alone, `N passed, N failed[, N skipped]`. A test file or group that could not run and an
 * error outside of any test count as failed; so does a run that ran nothing. The line is written when the process exits,
 * after the servers were stopped, so that nothing comes behind it.
 */
export default class ClosingLine implements Reporter {
  private counts: Counts | undefined;

  onInit(): void {
    process.once("exit", () => {
      const counts = atLeastOne(this.counts);
      if (counts.failed > 0) process.exitCode = 1;
      writeSync(STDOUT, `${closingLine(counts)}\n`);
    });
  }

  /** What a test met at its first try is lost otherwise when the second one passes. */
  onTestCaseResult(test: TestCase): void {
    const { errors = [] } = test.result();
    if (!test.diagnostic()?.flaky) return;
    const reasons = errors.map(({ stack, message }) => stack ?? message).join("\n");
    writeSync(STDOUT, `passed at a second try: ${test.module.relativeModuleId}: ${test.fullName}\n${reasons}\n`);
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    this.counts = countRun(modules, unhandledErrors);
  }
}

/** What a run came to. */
export function countRun(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): Counts {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const groups = modules.flatMap((module) => [module, ...module.children.allSuites()]);
  const inState = (state: string) => tests.filter((test) => test.result().state === state).length;
  const brokenGroups = groups.filter((group) => group.errors().length > 0).length;
  return { passed: inState("passed"), failed: inState("failed") + inState("pending") + brokenGroups + unhandledErrors.length, skipped: inState("skipped") };
}

/** A run without a single test that ran, or that never came to its end, has failed. */
export function atLeastOne(counts: Counts | undefined): Counts {
  if (!counts) return { passed: 0, failed: 1, skipped: 0 };
  return counts.passed + counts.failed > 0 ? counts : { ...counts, failed: 1 };
}

/** `12 passed, 0 failed`, and `, 3 skipped` when there are any. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
