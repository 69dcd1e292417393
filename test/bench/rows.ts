import type { BenchContext } from "./harness/context.ts";
import type { Row } from "./harness/measure.ts";
import { growth, idle, largeFiles } from "./rows/cost-rows.ts";
import { httpAsync, httpSync } from "./rows/http-rows.ts";
import { backlog, manyInFlight, oneInFlight } from "./rows/queue-rows.ts";

/** The rows of the table. Each runs both sides in turns and says what it compared. */
export const ROWS: Record<string, (context: BenchContext) => Promise<Row>> = {
  P1: backlog,
  P2: manyInFlight,
  P3: oneInFlight,
  P4: httpSync,
  P5: httpAsync,
  P7: growth,
  P8: largeFiles,
  P9: idle,
};
