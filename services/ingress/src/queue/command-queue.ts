import { QueueUnavailable as ClientQueueUnavailable, makeRequester, ReplyTimeout, TooManyWaiting } from "@openticket/client";
import type { Logger } from "@openticket/runtime";
import { Overloaded } from "../intake/gate.ts";
import { type CommandQueue, QueueUnavailable, ReplyLate } from "../intake/ports.ts";

/** The queue behind the doors' port: the client's requester, with its errors in the port's words. */
export function makeCommandQueue(options: {
  redisUrl: string;
  prefix: string;
  ownerName: string;
  logger: Logger;
}): CommandQueue & { vitals(): Promise<{ depth: number; memory: number; isClosed: boolean }>; ping(): Promise<void>; close(): Promise<void> } {
  const requester = makeRequester(options);
  return {
    submit: (command) => inOurWords(requester.submit(command)),
    submitMail: (command) => inOurWords(requester.submitMail(command)),
    submitEvent: (command) => inOurWords(requester.submitEvent(command)),
    submitAndWait: (command, { timeoutMs }) => inOurWords(requester.submitAndWait(command, { timeoutMs })),
    isUnderWay: (command) => inOurWords(requester.isUnderWay(command)),
    state: (requestId) => inOurWords(requester.jobState(requestId)),
    vitals: () => requester.vitals(),
    ping: () => requester.ping(),
    close: () => requester.close(),
  };
}

/** What the client's work comes to, with its errors in the port's words. */
export async function inOurWords<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ClientQueueUnavailable) throw new QueueUnavailable(error.message, { cause: error });
    if (error instanceof TooManyWaiting) throw new Overloaded(error.message, { cause: error });
    if (error instanceof ReplyTimeout) throw new ReplyLate(error.requestId, { cause: error });
    throw error;
  }
}
