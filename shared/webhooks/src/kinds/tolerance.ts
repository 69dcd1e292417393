import { z } from "zod";

/** What every provider's own library tolerates, s. */
const USUAL_TOLERANCE_S = 300;

/** Three centuries: no bound but that of a date, so that recorded calls can be replayed, s. */
const MAX_TOLERANCE_S = 10_000_000_000;

/** How far the time of a signature may be from ours, s; `usual` where nothing is said. */
export const tolerance = (usual: number) => z.int().min(1).max(MAX_TOLERANCE_S).default(usual);
/** The same, as most providers have it. */
export const toleranceSeconds = tolerance(USUAL_TOLERANCE_S);

/** Name of a header, as a setting. It is looked up in lower case. */
export const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/, "expected the name of a header")
  .transform((name) => name.toLowerCase());
