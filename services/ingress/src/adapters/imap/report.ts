import type { Logger, Metrics } from "@openticket/runtime";
import type { FollowReport } from "./follow-folder.ts";
import type { ImportReport } from "./import-ports.ts";
import { IMAP_FAULTS, ImapFault } from "./session.ts";

/** Says what happens to the folders, in logs and metrics. */
export interface FolderReports {
  of(folder: { key: string }): { report: ImportReport; watch: FollowReport };
}

/** What is wrong with none of the servers, such as a store that is away. */
const OWN_FAULT = "own";

/** See {@link FolderReports}. One for all folders of the process. */
export function makeFolderReports({ logger, metrics, nowMs }: { logger: Logger; metrics: Metrics; nowMs(): number }): FolderReports {
  const messages = metrics.counter("mail_messages_total", "Messages by door and what came of them", ["door", "result"]);
  const faults = metrics.counter("imap_faults_total", "Connections to IMAP folders that could not be made or were lost", ["folder", "kind"]);
  const pauses = metrics.counter("imap_pauses_total", "Times that an IMAP folder was not read on, because nothing could be taken", ["folder"]);
  /** Folders that this process reads, and when each was last read to its end. */
  const passedAtMs = new Map<string, number>();
  metrics.gauge("imap_folders_read", "IMAP folders that this process reads now", () => passedAtMs.size);
  metrics.gauge("imap_pass_age_seconds", "How long ago the folder of this process that waits longest was read to its end", () =>
    passedAtMs.size === 0 ? 0 : (nowMs() - Math.min(...passedAtMs.values())) / 1000,
  );
  return {
    of({ key: folder }) {
      // A rise shows only against a value before it.
      for (const kind of [...IMAP_FAULTS, OWN_FAULT]) faults.inc({ folder, kind }, 0);
      const report: ImportReport = {
        taken(result, { uid, reason }) {
          messages.inc({ door: "imap", result });
          if (result === "failed" || result === "skipped") logger.warn({ folder, uid, result, reason }, "message of an IMAP folder not taken");
          else logger.debug({ folder, uid, result }, "message of an IMAP folder stored");
        },
        notFinished: (uids) => logger.warn({ folder, uids }, "messages stored, but the IMAP server refuses to flag, move or delete them"),
        renumbered: () => logger.warn({ folder }, "IMAP folder was renumbered, and is read again"),
      };
      return { report, watch: watchOf(folder) };
    },
  };

  function watchOf(folder: string): FollowReport {
    return {
      connected() {
        passedAtMs.set(folder, nowMs());
        logger.info({ folder }, "reading IMAP folder");
      },
      passed: () => void passedAtMs.set(folder, nowMs()),
      paused(error) {
        pauses.inc({ folder });
        logger.warn({ folder, because: wordsOf(error) }, "IMAP folder waits");
      },
      ended(error, retryInMs) {
        faults.inc({ folder, kind: error instanceof ImapFault ? error.kind : OWN_FAULT });
        logger.warn({ folder, because: wordsOf(error), retryInMs }, "IMAP folder not read");
      },
      disconnected: () => void passedAtMs.delete(folder),
    };
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
