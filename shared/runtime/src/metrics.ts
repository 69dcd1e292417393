import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { standardOutput } from "./standard-output.ts";

/** Bounds of the buckets for times, in seconds. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * prom-client measures the event loop's lag with a timer, which wakes an idle process each time, and takes the timer's own
 * interval for lag. So that timer rests for as long as it can, ms, and what it would tell is left out.
 */
const LAG_TIMER_MS = 2 ** 31 - 1;
const LAGS = ["min", "max", "mean", "stddev", "p50", "p90", "p99"].map((part) => `nodejs_eventloop_lag_${part}_seconds`);

/** One process's metrics. Names start with `openticket_`; each name may be asked for any number of times, always with the same labels. */
export interface Metrics {
  counter<L extends string>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  seconds<L extends string>(name: string, help: string, labels?: readonly L[]): Histogram<L>;
  /** A value that is read when it is scraped. */
  gauge(name: string, help: string, read: () => number | Promise<number>): void;
  /** All of them in Prometheus' text format, with its content type. */
  expose(): Promise<{ contentType: string; body: string }>;
}

/** See {@link Metrics}. `withProcess`: CPU, memory and event loop of the process as well. */
export function makeMetrics({ withProcess }: { withProcess: boolean } = { withProcess: false }): Metrics {
  const registry = new Registry();
  if (withProcess) addProcessMetrics(registry);
  const made = new Map<string, Shape & { metric: unknown }>();
  const named = <T>(name: string, shape: Shape, make: (fullName: string) => T): T => {
    const known = made.get(name);
    const fullName = `openticket_${name}`;
    if (known && !isSame(known, shape)) throw new Error(`${fullName} is ${inWords(known)} already, and cannot be ${inWords(shape)}`);
    if (known) return known.metric as T;
    const metric = make(fullName);
    made.set(name, { ...shape, metric });
    return metric;
  };
  return {
    counter: <L extends string>(name: string, help: string, labels: readonly L[] = []) =>
      named(name, { kind: "counter", labels }, (fullName) => new Counter<L>({ name: fullName, help, labelNames: [...labels], registers: [registry] })),
    seconds: <L extends string>(name: string, help: string, labels: readonly L[] = []) =>
      named(
        name,
        { kind: "histogram", labels },
        (fullName) => new Histogram<L>({ name: fullName, help, labelNames: [...labels], buckets: SECONDS, registers: [registry] }),
      ),
    gauge: (name, help, read) =>
      void named(
        name,
        { kind: "gauge", labels: [] },
        (fullName) =>
          new Gauge({
            name: fullName,
            help,
            registers: [registry],
            async collect() {
              this.set(await read());
            },
          }),
      ),
    expose: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}

/** What a name stands for. */
interface Shape {
  kind: "counter" | "histogram" | "gauge";
  labels: readonly string[];
}

function isSame(one: Shape, other: Shape): boolean {
  return one.kind === other.kind && one.labels.length === other.labels.length && one.labels.every((label, index) => label === other.labels[index]);
}

function inWords({ kind, labels }: Shape): string {
  return kind === "gauge" ? "a gauge" : `a ${kind} by [${labels}]`;
}

function addProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_TIMER_MS });
  for (const name of LAGS) registry.removeSingleMetric(name);
  addRead(registry, "openticket_log_lines_dropped_total", "Lines of the log that standard output did not take", standardOutput.dropped);
  addRead(
    registry,
    "openticket_event_loop_active_seconds_total",
    "How long the event loop was at work; its rate is 1 where it never waits",
    () => performance.eventLoopUtilization().active / 1000,
  );
}

/** A counter that something else counts. */
function addRead(registry: Registry, name: string, help: string, read: () => number): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}
