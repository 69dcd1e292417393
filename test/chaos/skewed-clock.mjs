// Loaded before a service by NODE_OPTIONS: its clock is wrong by CHAOS_CLOCK_SKEW_MS. Timers and the monotonic clock are not.
const skewMs = Number(process.env.CHAOS_CLOCK_SKEW_MS ?? 0);
const RealDate = globalThis.Date;

class SkewedDate extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + skewMs);
    else super(...args);
  }

  static now() {
    return RealDate.now() + skewMs;
  }
}

globalThis.Date = SkewedDate;
