import { parentPort, workerData } from "node:worker_threads";
import { gatherTurn } from "@openticket/runtime";
import { makeRelayConnections, type RelayConnectionsOptions } from "./relay-connections.ts";
import { readSmtpFault } from "./smtp-faults.ts";
import type { RelayAnswer, RelayTask } from "./start-relay-thread.ts";

/** The thread that speaks to the relay: each message to it is some mails, each message back what became of some. */
const connections = makeRelayConnections(workerData as RelayConnectionsOptions);
const answers = gatherTurn<RelayAnswer>((together) => parentPort?.postMessage(together));

parentPort?.on("message", (tasks: RelayTask[]) => {
  for (const task of tasks) void send(task);
});

async function send({ id, envelope, raw }: RelayTask): Promise<void> {
  const fault = await connections.send(envelope, raw).then(() => undefined, readSmtpFault);
  answers.add({ id, ...(fault && { fault }) });
}
