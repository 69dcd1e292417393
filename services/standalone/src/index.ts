/** What tests and the benchmark use of the standalone process: its databases. */
export { clearDataFolder } from "./databases/clear-data-folder.ts";
export { type Databases, startDatabases } from "./databases/start-databases.ts";
