import {
  type Command,
  type CommandDefaults,
  type CommandResult,
  type CommandSource,
  fingerprintOf,
  type ReadCommand,
  type Receipt,
} from "@openticket/contract";

/** One kind of job on the command queue: how its data is read, and what is done about it. */
export interface Action {
  /** Never throws. */
  read(data: unknown, defaults: CommandDefaults): ReadJob;
}

/** A job that was read. */
export type ReadJob = Runnable | (Address & { kind: "unreadable"; reason: string });

export interface Runnable extends Address {
  kind: "runnable";
  /** May be called again after a fault: it finds what an earlier run has decided. Throws only for faults. */
  run(options: RunOptions): Promise<Decided>;
  /** What an earlier run has decided, without trying anything; undefined when nothing is. */
  recall(): Promise<Decided | undefined>;
  /** Equal for equal commands; none where the job holds no command. */
  fingerprint?(): string;
}

/** What the consumer knows of a run. */
export interface RunOptions {
  /** Whether the same request may be decided elsewhere by now. */
  mayHaveTwin(): boolean;
}

/** Whom the outcome of a job goes to. */
export interface Address {
  requestId: string;
  correlationId?: string | undefined;
  /** Reply queue of the requester; none: nobody waits. */
  queue?: string | undefined;
  source?: CommandSource | undefined;
  /** A receipt of the request wants to hear that it is decided. */
  hasReceipt?: boolean | undefined;
  /** Its requester has named it by a key, and may have sent it more than once. */
  hasKey?: boolean | undefined;
}

export interface Decided {
  /** Label of the outcome in metrics and logs: one of few. */
  kind: string;
  /** What it left in the store; none: a conflict leaves nothing of its own. */
  outcome?: Receipt["outcome"];
  /** For the requester's queue; none: there is nobody to answer. */
  result?: CommandResult;
  /** The result was sent. */
  replied?(): void;
  /** What may be delivered now that the requester has its answer; ends when that is in hand or left for later. Never throws. */
  deliver?(): Promise<void>;
}

/** The jobs that the consumer takes, by the lower-case name of the job. */
export type Actions = ReadonlyMap<string, Action>;

/** How commands of one kind are decided by a pipeline. */
export interface CommandStory<C extends Command> {
  read(data: unknown, defaults: CommandDefaults): ReadCommand<C>;
  decide(command: C, options: RunOptions): Promise<Decided>;
  recall(command: C): Promise<Decided | undefined>;
}

/** The action of a command: read by the contract, decided by a pipeline. */
export function commandAction<C extends Command>(story: CommandStory<C>): Action {
  return {
    read(data, defaults) {
      const found = story.read(data, defaults);
      if (found.kind === "unreadable") return { ...found.reply, kind: "unreadable", reason: found.reason };
      const { command } = found;
      const { requestId, correlationId, source, hasReceipt, replyTo, idempotencyKey } = command;
      return {
        kind: "runnable",
        requestId,
        correlationId,
        source,
        hasReceipt,
        queue: replyTo?.queue,
        hasKey: idempotencyKey !== undefined,
        run: (options) => story.decide(command, options),
        recall: () => story.recall(command),
        fingerprint: () => fingerprintOf(command),
      };
    },
  };
}
