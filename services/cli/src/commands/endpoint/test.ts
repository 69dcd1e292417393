import { setTimeout as sleep } from "node:timers/promises";
import type { WebhookCallRecord } from "@openticket/contract";
import { viewCall } from "@openticket/webhooks";
import type { Command, CommandDeps } from "../../command.ts";
import { CliFailure } from "../../failure.ts";
import { lastTryOf } from "./deliveries.ts";
import { type OpenEndpoints, openEndpoints, unknownEndpoint } from "./endpoints.ts";

/** Longer than a worker takes to learn of an endpoint, and the endpoint to answer, ms. */
const PATIENCE_MS = 40_000;
const LOOK_MS = 200;

/** `opentickets endpoint test <name>`: sends a test event by a worker, and waits for its first try; 1 when that has failed. */
export const endpointTest: Command = (parser, wrap) =>
  parser.command(
    "test <name>",
    "Send it a test event and wait for its answer",
    (it) => it.positional("name", { type: "string", demandOption: true }),
    wrap(test),
  );

async function test({ name }: { name: string }, deps: CommandDeps): Promise<number> {
  const opened = await openEndpoints(deps);
  const tested = await opened.manager.test(name);
  if (tested.kind === "missing") throw unknownEndpoint(name);
  if (tested.kind !== "owed") throw new CliFailure(`${name} is disabled: it gets no calls.`);
  const call = await firstTry(tested.callId, opened);
  if (!call) throw new CliFailure(`No worker has sent ${tested.callId} yet: does one run? It is sent when one does.`);
  const isDelivered = call.state === "delivered";
  deps.output.answer(viewCall(call), () => `${isDelivered ? "Delivered" : "Failed"}: ${lastTryOf(call)} (${call._id})`);
  return isDelivered ? 0 : 1;
}

async function firstTry(callId: string, { calls }: OpenEndpoints): Promise<WebhookCallRecord | undefined> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (performance.now() < deadlineMs) {
    const call = await calls.find(callId);
    if (call && call.tries.length > 0) return call;
    await sleep(LOOK_MS);
  }
  return undefined;
}
