import { expect, it } from "vitest";
import { connectStore } from "../src/connect.ts";

it.each(["mongodb://127.0.0.1:1", "mongodb://127.0.0.1:1/?replicaSet=rs0"])("%s is not connected to: it names no database", async (url) => {
  await expect(connectStore({ url, appName: "test", serverSelectionTimeoutMs: 100 })).rejects.toThrow("names no database");
});
