import { totalmem } from "node:os";

/** What each embedded database may take: a quarter of the machine's memory, or of what a container may have of it, bytes. */
export function shareOfMemory(): number {
  return Math.floor(Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY) / 4);
}
