import { readFileSync } from "node:fs";

/** CPU time so far, ms, and resident memory, bytes, from /proc, where there is one; zeros elsewhere. */
export function usageOfPid(pid: number): { cpuMs: number; rssBytes: number } {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return { cpuMs: (Number(fields[11]) + Number(fields[12])) * 10, rssBytes: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024 };
  } catch {
    return { cpuMs: 0, rssBytes: 0 };
  }
}

/** The most resident memory that it has had so far, bytes; 0 where there is no /proc. */
export function peakRssOfPid(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
