import { build, type Histogram } from "hdr-histogram-js";
import type { Latency } from "./measure.ts";

/** Microseconds from 1 to an hour, to three digits. */
export function makeHistogram(): Histogram {
  return build({ lowestDiscernibleValue: 1, highestTrackableValue: 3_600_000_000, numberOfSignificantValueDigits: 3 });
}

/** What is shown of a histogram of microseconds. */
export function latencyOf(histogram: Histogram): Latency {
  const at = (percent: number) => histogram.getValueAtPercentile(percent) / 1000;
  return { p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max: histogram.maxValue / 1000 };
}
