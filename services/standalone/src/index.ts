/** What tests, the chaos harness and the benchmark use of the standalone process: its databases. */
export { clearDataFolder } from "./databases/clear-data-folder.ts";
export { freePort } from "./databases/free-port.ts";
export { spawnMongod } from "./databases/mongod.ts";
export { ensureMongo } from "./databases/programs/ensure-mongo.ts";
export { ensureRedis } from "./databases/programs/ensure-redis.ts";
export { spawnRedis } from "./databases/redis.ts";
export type { ServerProcess } from "./databases/server-process.ts";
export { type Databases, startDatabases } from "./databases/start-databases.ts";
