import { z } from "zod";
import { networkFault } from "./networks.ts";

/** The environment holds a value that is wrong or lacks one that is needed. The message lists all of them. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/**
 * Reads the environment through a zod object schema whose keys are the variables' names. An empty variable counts as
 * unset. Throws {@link ConfigError} that names every wrong variable with what was expected.
 */
export function readConfig<S extends z.ZodObject>(schema: S, env: Record<string, string | undefined>): z.output<S> {
  const given = Object.fromEntries(Object.entries(env).filter(([name, value]) => name in schema.shape && value !== undefined && value !== ""));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `  ${issue.path.join(".") || "(all)"}: ${issue.message}`);
  throw new ConfigError(`The configuration is wrong:\n${[...new Set(lines)].join("\n")}`);
}

/** A whole number within bounds, from text. */
export function integer({ fallback, ...bounds }: { min: number; max: number; fallback: number }) {
  return wholeNumber(bounds).default(fallback);
}

/** The same without a default. Its range is in its metadata, for the table of variables. */
export function wholeNumber({ min, max }: { min: number; max: number }) {
  const wanted = `expected a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^-?\d+$/, wanted)
    .transform(Number)
    .refine((value) => value >= min && value <= max, wanted)
    .meta({ range: { min, max } });
}

/** `true` or `false`, from text. */
export function flag(fallback: boolean) {
  return z
    .enum(["true", "false", "1", "0"], { error: "expected true or false" })
    .transform((value) => value === "true" || value === "1")
    .default(fallback);
}

/** A list of networks, as {@link networkFault} wants them. */
export function networkList(fallback: string[] = []) {
  return list(fallback).superRefine((items, context) => {
    for (const message of items.map(networkFault)) if (message !== undefined) context.addIssue({ code: "custom", message });
  });
}

/** A list of trimmed, non-empty items separated by commas. */
export function list(fallback: string[] = []) {
  return z
    .string()
    .transform((text) =>
      text
        .split(",")
        .map((item) => item.trim())
        .filter((item) => item !== ""),
    )
    .default(fallback);
}

/** A URL with one of these schemes, and of that form, where there is more to it. */
export function url(schemes: readonly string[], example: string, form = /^/) {
  const wanted = `expected a URL such as ${example}`;
  const isOne = (text: string) => URL.canParse(text.replace(/,[^/]*/, "")) && schemes.includes(text.split(":")[0] ?? "");
  return z.string().refine((text) => isOne(text) && form.test(text), wanted);
}

const MONGODB_FORM = /^[^/]+:\/\/[^/?]+\/[^/?]+/;
/** The path of a server is the number of a database, that of Sentinels the name of a primary; a cluster has none. */
const REDIS_FORM = /^(rediss?:\/\/[^/?]+(\/\d*)?(\?.*)?|rediss?\+sentinel:\/\/[^/?]+\/[^/?]+|rediss?\+cluster:\/\/[^/?]+\/?)$/;

/** Variables that every process reads. */
export const commonConfigFields = {
  MONGODB_URL: url(["mongodb", "mongodb+srv"], "mongodb://127.0.0.1:27017/openticket, with the name of a database", MONGODB_FORM).describe(
    "MongoDB, a replica set, with the database's name in the path",
  ),
  REDIS_URL: url(
    ["redis", "rediss", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"],
    "redis://127.0.0.1:6379 or redis://127.0.0.1:6379/1",
    REDIS_FORM,
  ).describe(
    "Redis or Valkey with append-only persistence and `noeviction`; in the path of one server may be the number of a database; `redis+sentinel://host:26379,host:26379/mymaster` or `redis+cluster://host:6379,host:6379`, with `rediss` for TLS",
  ),
  QUEUE_PREFIX: z
    .string()
    .regex(/^[^:\s]+$/, "expected a name without colon or blank")
    .default("bull")
    .describe("BullMQ's key prefix in Redis; with a cluster one in braces, such as `{bull}`"),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("info").describe("How much is logged"),
  DRAIN_TIMEOUT_MS: integer({ min: 0, max: 600_000, fallback: 30_000 }).describe("How long a stopping process finishes its work, ms"),
};
