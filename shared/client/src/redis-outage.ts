/** What a Redis says that is full, starting, or changing its primary. */
const REFUSALS = /^(OOM|LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|MISCONF|BUSY) |OOM command not allowed/;

/** True when Redis could not do it now; the same may well work later. */
export function isRedisOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return REFUSALS.test(error.message) || (error.cause !== undefined && isRedisOutage(error.cause));
}
