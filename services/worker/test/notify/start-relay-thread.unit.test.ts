import { spawnSync } from "node:child_process";
import { EventEmitter } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { describe, expect, it, vi } from "vitest";
import { sortSmtpFault, THREAD_FAULT } from "../../src/notify/smtp-faults.ts";
import { type RelayTask, startRelayThread } from "../../src/notify/start-relay-thread.ts";
import { letter, WRITING } from "./build.ts";

const STARTER = fileURLToPath(new URL("../../src/notify/start-relay-thread.ts", import.meta.url));
const RELAY = {
  url: "smtp://127.0.0.1",
  maxMessagesPerConnection: 1,
  connectTimeoutMs: 1,
  socketTimeoutMs: 1,
};
const OPTIONS = { relay: RELAY, sendTimeoutMs: 1, writing: WRITING };
const about = (subject: string) => letter({ subject });
const SENT = { messageId: "<1@example.com>", bytes: 7 };

/** Threads that keep what they are given and do what they are told. */
function threads() {
  const started: (EventEmitter & { given: RelayTask[][]; isTerminated: boolean })[] = [];
  const spawn = () => {
    const given: RelayTask[][] = [];
    const thread = Object.assign(new EventEmitter(), {
      given,
      isTerminated: false,
      unref: () => undefined,
      postMessage: (tasks: string) => void given.push(JSON.parse(tasks)),
      async terminate() {
        thread.isTerminated = true;
        thread.emit("exit", 1);
      },
    });
    started.push(thread);
    return thread as unknown as Worker;
  };
  return { started, connections: startRelayThread(OPTIONS, spawn) };
}

describe("mails cross to the thread that speaks to the relay", () => {
  it("from the first one on, those of a turn together, and each has its own outcome", async () => {
    const { started, connections } = threads();
    expect(started).toHaveLength(0);
    const [first, second] = [connections.send(about("one")), connections.send(about("two"))];
    await nextTurn();
    const [tasks = []] = started[0]?.given ?? [];
    expect(tasks.map((task) => task.letter)).toEqual([about("one"), about("two")]);
    started[0]?.emit("message", [
      { id: tasks[1]?.id, sent: SENT },
      { id: tasks[0]?.id, fault: { message: "no", code: "EENVELOPE", responseCode: 550, command: "RCPT TO" } },
    ]);
    await expect(second).resolves.toEqual(SENT);
    await expect(first).rejects.toMatchObject({ message: "no", code: "EENVELOPE", responseCode: 550, command: "RCPT TO" });
    expect(started).toHaveLength(1);
  });

  it("and fail for now when it comes to its end; the next one starts another", async () => {
    const { started, connections } = threads();
    const lost = expect(connections.send(about("lost"))).rejects.toMatchObject({ code: THREAD_FAULT, message: expect.stringContaining("out of memory") });
    await nextTurn();
    started[0]?.emit("error", new Error("out of memory"));
    started[0]?.emit("exit", 1);
    await lost;
    const next = connections.send(about("next"));
    await nextTurn();
    started[1]?.emit("message", [{ id: started[1].given[0]?.[0]?.id, sent: SENT }]);
    await expect(next).resolves.toEqual(SENT);
  });

  it("and those that were not handed over yet when it ended go to the next one", async () => {
    const { started, connections } = threads();
    const lost = expect(connections.send(about("lost"))).rejects.toMatchObject({ code: "ECONNECTION" });
    await nextTurn();
    const kept = connections.send(about("kept"));
    started[0]?.emit("exit", 1);
    await lost;
    await nextTurn();
    const [task] = started[1]?.given[0] ?? [];
    expect(task?.letter.kind === "owed" && task.letter.ticket.subject).toBe("kept");
    started[1]?.emit("message", [{ id: task?.id, sent: SENT }]);
    await expect(kept).resolves.toEqual(SENT);
  });

  it("and a thread that keeps no time limit is ended", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const { started, connections } = threads();
      const taken = connections.send(about("taken"));
      const stuck = expect(connections.send(about("stuck"))).rejects.toMatchObject({ code: THREAD_FAULT, message: expect.stringContaining("no time limit") });
      await nextTurn();
      started[0]?.emit("message", [{ id: started[0].given[0]?.[0]?.id, sent: SENT }]);
      await taken;
      vi.advanceTimersByTime(OPTIONS.sendTimeoutMs + 4999);
      expect(started[0]?.isTerminated).toBe(false);
      vi.advanceTimersByTime(1);
      await stuck;
      expect(started[0]?.isTerminated).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  it("and fail when they are closed, those in hand and those that come later", async () => {
    const { started, connections } = threads();
    const inHand = expect(connections.send(about("in hand"))).rejects.toMatchObject({ code: "ECONNECTION" });
    await nextTurn();
    await connections.close();
    await inHand;
    await expect(connections.send(about("late"))).rejects.toMatchObject({ code: "ECONNECTION" });
    expect(started).toHaveLength(1);
  });

  it("and fail when no thread can be started", async () => {
    const connections = startRelayThread(OPTIONS, () => {
      throw new Error("no more threads");
    });
    await expect(connections.send(about("one"))).rejects.toMatchObject({ code: THREAD_FAULT, message: expect.stringContaining("no more threads") });
  });

  it("and wait for somebody to put it right when its program is not there", async () => {
    const connections = startRelayThread(OPTIONS, () => new Worker(new URL("./no-such-thread.mjs", import.meta.url)));
    const fault = await connections.send(about("one")).catch((error: unknown) => error);
    expect(sortSmtpFault(fault)).toMatchObject({ name: "MailDelayed", because: "configuration", message: expect.stringContaining("no-such-thread") });
  });

  it("and once they have their outcome, the thread does not keep the process", () => {
    const source = `
      import { startRelayThread } from ${JSON.stringify(STARTER)};
      const limits = { maxMessagesPerConnection: 1, connectTimeoutMs: 5000, socketTimeoutMs: 5000 };
      const relay = { url: "smtp://127.0.0.1:1", ...limits };
      const { writing } = ${JSON.stringify(OPTIONS)};
      await startRelayThread({ relay, sendTimeoutMs: 5000, writing }).send(${JSON.stringify(about("x"))}).catch(({ code }) => console.log(code));`;
    const { stdout, status } = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", source], { encoding: "utf8", timeout: 25_000 });
    expect({ stdout, status }).toEqual({ stdout: "ESOCKET\n", status: 0 });
  });
});
