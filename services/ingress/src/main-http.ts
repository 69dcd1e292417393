import { drainOnSignals, makeDrain, makeLogger, makeMetrics, messageOf, readConfig } from "@openticket/runtime";
import { httpConfig } from "./config.ts";
import { startHttp } from "./start-http.ts";

/** The HTTP door as a process of its own. Exit codes: 0 drained, 1 it could not start or did not drain in time. */
try {
  const config = readConfig(httpConfig, process.env);
  const logger = makeLogger({ name: "http", level: config.LOG_LEVEL });
  const drain = makeDrain({ timeoutMs: config.DRAIN_TIMEOUT_MS, logger });
  drainOnSignals(drain, logger);
  const { url } = await startHttp(config, { logger, drain, metrics: makeMetrics({ withProcess: true }) });
  logger.info({ url }, "ready");
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(1);
}
