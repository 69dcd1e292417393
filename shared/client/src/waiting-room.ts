import { TooManyWaiting } from "./errors.ts";

/**
 * Callers that wait for something with a name. Several may wait for one name; all of them get it.
 * Bounded; a caller that gave up leaves nothing behind.
 */
export interface WaitingRoom<T> {
  /** Waits for `name` up to `timeoutMs`, at most 24 days; throws {@link TooManyWaiting} when the room is full. */
  enter(name: string, options: { timeoutMs: number; late: () => Error }): Waiting<T>;
  /** Hands the value to all who wait for it; false when nobody does. */
  call(name: string, value: T): boolean;
  /** Everybody's wait ends as if the time were up. */
  closeAll(): void;
  size(): number;
}

export interface Waiting<T> {
  arrived: Promise<T>;
  /** Ends the wait with an error. Does nothing after the end. */
  giveUp(error: unknown): void;
}

interface Waiter<T> {
  resolve(value: T): void;
  giveUp(error: unknown): void;
  late(): Error;
}

/** What takes longer ends at once, by the rules of timers. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** See {@link WaitingRoom}. `capacity` counts callers. */
export function makeWaitingRoom<T>({ capacity }: { capacity: number }): WaitingRoom<T> {
  const waitersByName = new Map<string, Set<Waiter<T>>>();
  let size = 0;

  function enter(name: string, { timeoutMs, late }: { timeoutMs: number; late: () => Error }): Waiting<T> {
    if (size >= capacity) throw new TooManyWaiting(`${size} callers are waiting for replies already`);
    const { promise, resolve, reject } = withResolvers<T>();
    // The caller may fail before it awaits this promise.
    promise.catch(() => undefined);
    const waiter: Waiter<T> = {
      late,
      resolve: (value) => leave(name, waiter, timer) && resolve(value),
      giveUp: (error) => leave(name, waiter, timer) && reject(error),
    };
    const timer = setTimeout(() => waiter.giveUp(late()), Math.min(timeoutMs, LONGEST_TIMER_MS));
    const waiters = waitersByName.get(name) ?? new Set();
    waitersByName.set(name, waiters.add(waiter));
    size += 1;
    return { arrived: promise, giveUp: waiter.giveUp };
  }

  function leave(name: string, waiter: Waiter<T>, timer: NodeJS.Timeout): boolean {
    clearTimeout(timer);
    const waiters = waitersByName.get(name);
    if (!waiters?.delete(waiter)) return false;
    if (waiters.size === 0) waitersByName.delete(name);
    size -= 1;
    return true;
  }

  function call(name: string, value: T): boolean {
    const waiters = waitersByName.get(name);
    for (const waiter of [...(waiters ?? [])]) waiter.resolve(value);
    return waiters !== undefined;
  }

  function closeAll(): void {
    for (const waiter of [...waitersByName.values()].flatMap((waiters) => [...waiters])) waiter.giveUp(waiter.late());
  }

  return { enter, call, closeAll, size: () => size };
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
