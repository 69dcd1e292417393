import { parseArgs } from "node:util";
import { DOORS, type Door, MAIL_DOORS, WEBHOOK_DOORS } from "./ledger.ts";

/** How a run is wanted: `--minutes N --seed S --tickets N --doors NAMES --json FILE --break NAME --hurry --keep`. */
export interface ChaosOptions {
  minutes: number;
  seed: number;
  /** Requests to aim at. */
  tickets: number;
  /** The doors that requests come through. */
  doors: readonly Door[];
  /** Name of a mutant of `breaks.ts`, or `all`. */
  breakName: string | undefined;
  jsonPath: string | undefined;
  /** After the faults nobody waits for due times: fresh processes, and what is owed is due now. */
  isHurried: boolean;
  /** Keeps databases' data and logs for whoever wants to look. */
  keepsData: boolean;
}

const DEFAULT_MINUTES = 2;
const TICKETS_PER_MINUTE = 1100;

/** Reads the command line; throws on what it does not know. */
export function readOptions(args: string[]): ChaosOptions {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: "string" },
      seed: { type: "string" },
      tickets: { type: "string" },
      doors: { type: "string" },
      break: { type: "string" },
      json: { type: "string" },
      hurry: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
    },
  });
  const minutes = positive(values.minutes, "minutes", DEFAULT_MINUTES);
  return {
    minutes,
    seed: positive(values.seed, "seed", Date.now() % 1_000_000),
    tickets: positive(values.tickets, "tickets", Math.ceil(minutes * TICKETS_PER_MINUTE)),
    doors: doorsNamed(values.doors),
    breakName: values.break,
    jsonPath: values.json,
    isHurried: values.hurry,
    keepsData: values.keep,
  };
}

function positive(text: string | undefined, name: string, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`--${name}: expected a number above 0, got ${text}`);
}

/** `mail` stands for all doors of mail, `webhook` for all sources of webhooks. */
function doorsNamed(text: string | undefined): readonly Door[] {
  if (text === undefined) return DOORS;
  return text.split(",").flatMap((name): readonly Door[] => {
    if (name === "mail") return MAIL_DOORS;
    if (name === "webhook") return WEBHOOK_DOORS;
    const door = DOORS.find((known) => known === name);
    if (door === undefined) throw new Error(`--doors: expected mail, webhook or some of ${DOORS.join(",")}, got ${name}`);
    return [door];
  });
}
