import { z } from "zod";

/** What every provider's own library tolerates, s. */
const USUAL_TOLERANCE_S = 300;

/** How far the time of a signature may be from ours, s; without an upper bound, so that recorded calls can be replayed. */
export const toleranceSeconds = z.int().min(1).default(USUAL_TOLERANCE_S);

/** Name of a header, as a setting. It is looked up in lower case. */
export const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/, "expected the name of a header")
  .transform((name) => name.toLowerCase());
