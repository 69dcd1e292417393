import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { makeLogger } from "../src/logger.ts";

const LOGGER = fileURLToPath(new URL("../src/logger.ts", import.meta.url));
const METRICS = fileURLToPath(new URL("../src/metrics.ts", import.meta.url));

function linesOf(program: string) {
  const source = `import { makeLogger } from ${JSON.stringify(LOGGER)}; const logger = makeLogger({ name: "test", level: "info" }); ${program}`;
  const { stdout } = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", source], { encoding: "utf8" });
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { msg: string });
}

describe("a log on standard output", () => {
  it("has every line, in order, however the process ends itself", () => {
    const many = "for (let i = 0; i < 2000; i++) logger.info(String(i));";
    const expected = Array.from({ length: 2000 }, (_, i) => String(i));
    expect(linesOf(many).map(({ msg }) => msg)).toEqual(expected);
    expect(linesOf(`${many} process.exit(3);`).map(({ msg }) => msg)).toEqual(expected);
    expect(linesOf(`${many} throw new Error("uncaught");`).map(({ msg }) => msg)).toEqual(expected);
  });

  it("has what was said while the process ended, and the last error before it breaks off", () => {
    expect(linesOf('process.on("exit", () => logger.info("ending"));').map(({ msg }) => msg)).toEqual(["ending"]);
    expect(linesOf('logger.info("before"); logger.error("broken"); process.abort();').map(({ msg }) => msg)).toEqual(["before", "broken"]);
  });

  it("comes whole through a pipe that others write to as well", () => {
    const source = `import { makeLogger } from ${JSON.stringify(LOGGER)};
      const logger = makeLogger({ name: process.argv[1], level: "info" });
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve, Array.from({ length: 100 }, (_, i) => logger.info({ i, text: "x".repeat(200) }, "line"))));`;
    const one = (name: string) => `"${process.execPath}" --import tsx --input-type=module --eval "$SOURCE" ${name}`;
    const { stdout } = spawnSync("sh", ["-c", `( ${one("a")} & ${one("b")} & wait ) | cat`], {
      encoding: "utf8",
      maxBuffer: 1e8,
      env: { ...process.env, SOURCE: source },
    });
    const lines = stdout.split("\n").filter(Boolean);
    expect(lines).toHaveLength(4000);
    for (const line of lines) JSON.parse(line);
  });

  it("keeps the order of several loggers", () => {
    const two = 'const other = makeLogger({ name: "other", level: "info" }); logger.info("1"); other.info("2"); logger.child({}).info("3");';
    expect(linesOf(two).map(({ msg }) => msg)).toEqual(["1", "2", "3"]);
  });
});

describe("a log that cannot be written", () => {
  const program = `import { closeSync, openSync } from "node:fs";
    import { makeLogger } from ${JSON.stringify(LOGGER)};
    import { makeMetrics } from ${JSON.stringify(METRICS)};
    const logger = makeLogger({ name: "test", level: "info" });
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const metrics = makeMetrics({ withProcess: true });
    const dropped = async () => /^openticket_log_lines_dropped_total .*$/m.exec((await metrics.expose()).body)[0] + ";";
    process.stderr.write(await dropped());
    logger.info("of a turn"); logger.info("with it");
    await turn();
    logger.error("at once");
    await turn();
    process.stderr.write(await dropped());
    closeSync(1); openSync(process.argv[1], "w");
    logger.info("again");`;

  it("drops and counts its lines on a full disk; the process goes on, and writes again when it can", () => {
    const full = openSync("/dev/full", "w");
    const freed = join(mkdtempSync(join(tmpdir(), "log-")), "lines");
    const { status, stderr } = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", program, freed], {
      encoding: "utf8",
      stdio: ["ignore", full, "pipe"],
    });
    closeSync(full);
    expect(stderr).toBe("openticket_log_lines_dropped_total 0;openticket_log_lines_dropped_total 3;");
    expect(status).toBe(0);
    expect(readFileSync(freed, "utf8")).toMatch(/^\{.*"msg":"again"\}\n$/);
    rmSync(dirname(freed), { recursive: true });
  });
});

describe("a log line", () => {
  it("holds no secret, on its own level or one below, and keeps what an error says", () => {
    const lines: string[] = [];
    const logger = makeLogger({ name: "test", level: "info", destination: { write: (line: string) => void lines.push(line) } });
    logger.info({ password: "p-1", opener: { email: "e-1" }, input: { ticket: { message: "m-1" } }, err: new Error("refused") }, "tried");
    expect(lines[0]).toContain("refused");
    expect(lines[0]).not.toMatch(/p-1|e-1|m-1/);
  });

  it("holds of an error only what tells nothing of people: no command that failed, of none of its causes", () => {
    const lines: string[] = [];
    const logger = makeLogger({ name: "test", level: "info", destination: { write: (line: string) => void lines.push(line) } });
    const withCommand = (message: string) => Object.assign(new Error(message), { code: "WRONGPASS", command: { name: "auth", args: ["default", "s-1"] } });
    const many = new AggregateError([withCommand("first"), withCommand("second")], "several", { cause: withCommand("beneath") });
    logger.warn({ err: Object.assign(many, { response: "no such mailbox s-1", errno: 7, responseCode: 550 }) }, "failed");
    logger.warn({ err: { args: ["s-1"] } }, "no error at all");
    expect(lines.join("")).not.toMatch(/s-1/);
    const [first = ""] = lines;
    const { err } = JSON.parse(first) as { err: { responseCode: number; message: string; errors: { code: string; message: string; stack: string }[] } };
    expect(err).toMatchObject({ type: "AggregateError", message: "several: beneath", responseCode: 550 });
    expect(err.errors).toMatchObject([{ code: "WRONGPASS", message: "first", stack: expect.stringContaining("first") }, { message: "second" }]);
  });
});
