import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { makeLogger } from "../src/logger.ts";

const LOGGER = fileURLToPath(new URL("../src/logger.ts", import.meta.url));

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
    const many = "for (let i = 0; i < 2000; i++) logger.info(`line ${i}`);";
    const expected = Array.from({ length: 2000 }, (_, i) => `line ${i}`);
    expect(linesOf(many).map(({ msg }) => msg)).toEqual(expected);
    expect(linesOf(`${many} process.exit(3);`).map(({ msg }) => msg)).toEqual(expected);
    expect(linesOf(`${many} throw new Error("uncaught");`).map(({ msg }) => msg)).toEqual(expected);
  });

  it("keeps the order of several loggers", () => {
    const two = 'const other = makeLogger({ name: "other", level: "info" }); logger.info("1"); other.info("2"); logger.child({}).info("3");';
    expect(linesOf(two).map(({ msg }) => msg)).toEqual(["1", "2", "3"]);
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
});
