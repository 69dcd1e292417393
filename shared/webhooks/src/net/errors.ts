/** We do not connect there, now or later; the message says why, and holds nothing of the URL but its host. */
export class ForbiddenTarget extends Error {
  override name = "ForbiddenTarget";
}

/** No whole answer came within the time limit. */
export class RequestLate extends Error {
  override name = "RequestLate";
}

/** An answer that is of no use to who asked: another status, or larger than was allowed. */
export class UnusableAnswer extends Error {
  override name = "UnusableAnswer";
}
