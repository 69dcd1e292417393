export { workerConfig } from "./config.ts";
export { startWorker } from "./start-worker.ts";
