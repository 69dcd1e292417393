import type { FolderProgress, SkippedMessage } from "@openticket/contract";
import type { MailFolders } from "./folders.ts";

interface Held {
  token: number;
  holder: string;
  leaseUntilMs: number;
  knownSince: Date;
  progress: FolderProgress;
  skipped: SkippedMessage[];
}

/** Mail folders in memory, by a clock that is given. */
export function makeMemoryMailFolders({ nowMs }: { nowMs(): number }): MailFolders {
  const folders = new Map<string, Held>();
  const ofToken = (folder: string, token: number) => {
    const held = folders.get(folder);
    return held?.token === token ? held : undefined;
  };
  return {
    async take(folder, holder, leaseMs) {
      const known = folders.get(folder) ?? {
        token: 0,
        holder: "",
        leaseUntilMs: nowMs(),
        knownSince: new Date(nowMs()),
        progress: { uidValidity: "", floor: 0, settled: [], failing: [] },
        skipped: [],
      };
      if (known.holder !== holder && known.leaseUntilMs > nowMs()) return undefined;
      const held = { ...known, holder, token: known.token + 1, leaseUntilMs: nowMs() + leaseMs };
      folders.set(folder, held);
      return { token: held.token, knownSince: held.knownSince, progress: structuredClone(held.progress) };
    },
    async renew(folder, token, leaseMs) {
      const held = ofToken(folder, token);
      if (held) held.leaseUntilMs = nowMs() + leaseMs;
      return held !== undefined;
    },
    async save(folder, token, progress, skipped) {
      const held = ofToken(folder, token);
      if (!held) return false;
      held.progress = structuredClone(progress);
      held.skipped.push(...skipped);
      return true;
    },
    async release(folder, token) {
      const held = ofToken(folder, token);
      if (held) Object.assign(held, { holder: "", leaseUntilMs: nowMs() });
    },
    all: async () =>
      [...folders]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([folder, { progress, skipped, holder, leaseUntilMs }]) => ({ folder, ...progress, skipped, ...(leaseUntilMs > nowMs() && { holder }) })),
  };
}
