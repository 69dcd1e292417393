import { drainOnSignals, explainListening, makeDrain, makeLogger, makeMetrics, messageOf, readConfig, startOperationsServer } from "@openticket/runtime";
import { workerConfig } from "./config.ts";
import { startWorker } from "./start-worker.ts";

/** The worker as a process of its own. Exit codes: 0 drained, 1 it could not start or did not drain in time. */
try {
  const config = readConfig(workerConfig, process.env);
  const logger = makeLogger({ name: "worker", level: config.LOG_LEVEL });
  const drain = makeDrain({ timeoutMs: config.DRAIN_TIMEOUT_MS, logger });
  drainOnSignals(drain, logger);
  const metrics = makeMetrics({ withProcess: true });
  const { checks } = await startWorker(config, { logger, drain, metrics });
  const address = { host: config.METRICS_HOST, port: config.METRICS_PORT };
  const operations = await explainListening(startOperationsServer({ ...address, metrics, checks }), {
    ...address,
    setting: "METRICS_PORT",
    hostSetting: "METRICS_HOST",
  });
  drain.onDrain("operations", () => operations.close());
  logger.info({ operations: operations.url }, "ready");
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(1);
}
