import type { Command, CommandDefaults, CommandResult, CommandSource, ReadCommand } from "@openticket/contract";

/** One kind of job on the command queue: how its data is read, and what is done about it. */
export interface Action {
  /** Never throws. */
  read(data: unknown, defaults: CommandDefaults): ReadJob;
}

/** A job that was read. `run` may be called again after a fault: it finds what an earlier run has decided. Throws only for faults. */
export type ReadJob = Address & ({ kind: "runnable"; run(): Promise<Decided> } | { kind: "unreadable"; reason: string });

/** Whom the outcome of a job goes to. */
export interface Address {
  requestId: string;
  correlationId?: string | undefined;
  /** Reply queue of the requester; none: nobody waits. */
  queue?: string | undefined;
  source?: CommandSource | undefined;
  /** A receipt of the request wants to hear that it is decided. */
  hasReceipt?: boolean | undefined;
}

export interface Decided {
  /** Label of the outcome in metrics and logs: one of few. */
  kind: string;
  /** For the requester's queue; none: there is nobody to answer. */
  result?: CommandResult;
  /** The result was sent. */
  replied?(): void;
  /** What may be delivered now that the requester has its answer; ends when that is in hand or left for later. Never throws. */
  deliver?(): Promise<void>;
}

/** The jobs that the consumer takes, by the lower-case name of the job. */
export type Actions = ReadonlyMap<string, Action>;

/** The action of a command: read by the contract, decided by a pipeline. */
export function commandAction<C extends Command>(
  read: (data: unknown, defaults: CommandDefaults) => ReadCommand<C>,
  decide: (command: C) => Promise<Decided>,
): Action {
  return {
    read(data, defaults) {
      const found = read(data, defaults);
      if (found.kind === "unreadable") return { ...found.reply, kind: "unreadable", reason: found.reason };
      const { command } = found;
      const { requestId, correlationId, source, hasReceipt, replyTo } = command;
      return { kind: "runnable", requestId, correlationId, source, hasReceipt, queue: replyTo?.queue, run: () => decide(command) };
    },
  };
}
