import type { CommandResult, DeadLetter, Receipt, RequestError } from "@openticket/contract";
import type { Logger, Metrics } from "@openticket/runtime";
import type { Actions } from "./action.ts";

/** What the consumer of commands needs from the outside. */
export interface ConsumerDeps {
  actions: Actions;
  reply(queue: string, result: CommandResult): Promise<void>;
  /** The request is decided, and a receipt of it wants to hear so. */
  decided(requestId: string, outcome: Receipt["outcome"]): void;
  bury(letter: DeadLetter): Promise<void>;
  failed(request: { requestId: string; correlationId?: string | undefined }, error: RequestError): CommandResult;
  /** True for the outage of something that will come back. */
  isOutage(error: unknown): boolean;
  /** True where nothing is wrong: the request waits for another one. */
  isTooEarly?(error: unknown): boolean;
  /** How long a request that met this waits for its next try, ms; undefined: longer with each try. */
  retryInMs?(error: unknown): number | undefined;
  now(): Date;
  random(): number;
  logger: Logger;
  metrics: Metrics;
}
