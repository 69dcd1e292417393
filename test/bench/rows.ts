import type { BenchContext } from "./harness/context.ts";
import type { Row } from "./harness/measure.ts";
import { oneMegabyte, tenKilobytes, twentyFiveMegabytes } from "./rows/file-rows.ts";
import { fourWorkers, slowRelay, twoWorkers, withMail } from "./rows/fleet-rows.ts";
import { bytesOfTicket, growth } from "./rows/growth-rows.ts";
import { httpAsync, httpLatency, httpSync } from "./rows/http-rows.ts";
import { largeFiles, largeMail } from "./rows/large-rows.ts";
import { mailToTicket } from "./rows/mail-rows.ts";
import { backlog, coldBacklog, fiftyInFlight, manyInFlight, mixed, oneInFlight, twoHundredInFlight, waitingForResults } from "./rows/queue-rows.ts";
import { idle, soak } from "./rows/steady-rows.ts";

/** The rows of the table. Each runs both sides in turns and says what it compared. */
export const ROWS: Record<string, (context: BenchContext) => Promise<Row>> = {
  P1: backlog,
  COLD: coldBacklog,
  P2: manyInFlight,
  P3: oneInFlight,
  P4: httpSync,
  P5: httpAsync,
  P6: mailToTicket,
  P7: growth,
  P8: largeFiles,
  P8MAIL: largeMail,
  P9: idle,
  MAIL: withMail,
  SLOWMAIL: slowRelay,
  R50: fiftyInFlight,
  R200: twoHundredInFlight,
  WAIT: waitingForResults,
  MIX: mixed,
  LAT: httpLatency,
  F10K: tenKilobytes,
  F1M: oneMegabyte,
  F25M: twentyFiveMegabytes,
  W2: twoWorkers,
  W4: fourWorkers,
  BYTES: bytesOfTicket,
  SOAK: soak,
};
