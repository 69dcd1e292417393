export * from "./config.ts";
export * from "./drain.ts";
export * from "./listen-failure.ts";
export * from "./logger.ts";
export * from "./loop.ts";
export * from "./metrics.ts";
export * from "./operations-server.ts";
export * from "./thread.ts";
