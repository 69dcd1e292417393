import type { AttachmentRef } from "@openticket/contract";
import type { StagedBlob, StagingStore } from "../../../intake/ports.ts";

/** The files of one call, of which nothing stays unless they are published. */
export interface StagedFiles {
  stage: StagingStore["stage"];
  /** Makes the wanted ones safe; then they may be referred to. */
  publish(wanted: readonly AttachmentRef[]): Promise<void>;
  /** Takes away what is not published, and what is still on its way. Never throws. */
  discard(): Promise<void>;
}

/** See {@link StagedFiles}: credentials may come behind the files, and a stranger is to leave none. */
export function stageFiles(store: Pick<StagingStore, "stage">): StagedFiles {
  const staged = new Set<StagedBlob>();
  let isOver = false;
  return {
    async stage(content, meta) {
      const blob = await store.stage(content, meta);
      if (isOver) await blob.discard();
      else staged.add(blob);
      return blob;
    },
    async publish(wanted) {
      const names = new Set(wanted.map(({ sha256 }) => sha256));
      const kept = [...staged].filter(({ sha256 }) => names.has(sha256));
      for (const blob of kept) staged.delete(blob);
      await Promise.all(kept.map((blob) => blob.publish()));
    },
    async discard() {
      isOver = true;
      if (staged.size > 0) await Promise.all([...staged].map((blob) => blob.discard()));
    },
  };
}
