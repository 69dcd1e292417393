/**
 * Places for calls that wait for answers.
 *
 * Problem: memory and sockets are bounded, so calls in flight must be; and some endpoints answer only at their time limit, or
 * never. Choice: the first place of each endpoint is its own, whatever the others do; the others are shared. So endpoints
 * that hold every shared place for as long as they can delay nobody's next call.
 */
export interface Places {
  /** Takes at most `wanted` places for an endpoint that may hold `most`; how many were taken. */
  take(endpoint: string, wanted: { most: number }): number;
  leave(endpoint: string, count: number): void;
  held(endpoint: string): number;
  /** Of all endpoints together. */
  total(): number;
}

/** See {@link Places}. */
export function makePlaces({ shared }: { shared: number }): Places {
  const holding = new Map<string, number>();
  const held = (endpoint: string) => holding.get(endpoint) ?? 0;
  const sharedInUse = () => [...holding.values()].reduce((sum, count) => sum + Math.max(count - 1, 0), 0);
  function hold(endpoint: string, count: number): void {
    if (count === 0) holding.delete(endpoint);
    else holding.set(endpoint, count);
  }
  return {
    take(endpoint, { most }) {
      const before = held(endpoint);
      const own = before === 0 ? 1 : 0;
      const taken = Math.max(Math.min(most - before, own + shared - sharedInUse()), 0);
      hold(endpoint, before + taken);
      return taken;
    },
    leave: (endpoint, count) => hold(endpoint, held(endpoint) - count),
    held,
    total: () => [...holding.values()].reduce((sum, count) => sum + count, 0),
  };
}
