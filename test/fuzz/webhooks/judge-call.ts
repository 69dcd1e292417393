import { ProviderUnreachable, type Reading, ticketOfEvent, type Verdict, type WebhookCall } from "@openticket/webhooks";
import { tryPreset } from "../../../shared/webhooks/test/presets/try-preset.ts";
import { MAILGUN_TOKEN, type Original } from "./originals.ts";

/** CPU that a call of at most some hundred kilobytes may take, ms: no noise of the machine makes as much. */
const CPU_LIMIT_MS = 1000;
/** Signatures are made in whole seconds. */
const CLOCK_STEP_MS = 1000;

/** What came of one call, and what is wrong with that. */
export interface Judged {
  isVerified: boolean;
  cpuMs: number;
  why?: string;
}

/** Judges a call that may be altered: whatever is verified says what a genuine one said that was proven by the same secret. */
export function judgeCall(call: WebhookCall, original: Original, originals: readonly Original[]): Promise<Judged> {
  return watched(async () => {
    const verdict = await verify(call, original);
    const reading = await read(call, original);
    if (verdict?.kind !== "verified") return { isVerified: false };
    const isNothing = original.mayBeNothing === true && reading?.kind !== "mails";
    return { isVerified: true, why: isNothing ? undefined : wronglyVerified(call, verdict, original, originals) };
  });
}

/** Judges a genuine call: it is verified, and can be read. */
export function judgeGenuine(call: WebhookCall, original: Original): Promise<Judged> {
  return watched(async () => {
    const verdict = await verify(call, original);
    const reading = await read(call, original);
    const isRead = reading?.kind === "event" || reading?.kind === "mails";
    const why = verdict?.kind !== "verified" ? `refused: ${JSON.stringify(verdict)}` : isRead ? undefined : `read as ${JSON.stringify(reading)}`;
    return { isVerified: verdict?.kind === "verified", why };
  });
}

/** Judges an event that its provider has signed, whatever is in it: verified, read, and mapped as its kind maps. */
export function judgeEvent(call: WebhookCall, original: Original): Promise<Judged> {
  return watched(async () => {
    const verdict = await verify(call, original);
    if (verdict?.kind !== "verified") return { isVerified: false, why: `a signed event was refused: ${JSON.stringify(verdict)}` };
    const reading = await read(call, original);
    if (reading?.kind !== "event") return { isVerified: true };
    const headers = reading.headers ?? {};
    const mapped = await tryPreset(original.kind.name, call.body.toString("utf8"), { headers, contentType: "application/json" });
    if (mapped.kind === "mapped" && mapped.params) ticketOfEvent(mapped.params);
    return { isVerified: true };
  });
}

async function watched(work: () => Promise<{ isVerified: boolean; why?: string | undefined }>): Promise<Judged> {
  const before = process.cpuUsage();
  const spent = () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
  try {
    const { isVerified, why } = await work();
    const cpuMs = spent();
    const fault = why ?? (cpuMs > CPU_LIMIT_MS ? `it took ${cpuMs} ms of CPU` : undefined);
    return { isVerified, cpuMs, ...(fault !== undefined && { why: fault }) };
  } catch (error) {
    return { isVerified: false, cpuMs: spent(), why: `it threw ${error instanceof Error ? error.stack : String(error)}` };
  }
}

/** Undefined where its provider could not be reached, which a call may well bring about. */
function verify(call: WebhookCall, { kind, source, deps }: Original): Promise<Verdict | undefined> {
  return kind.verify(call, source, deps).catch(unlessUnreachable);
}

function read(call: WebhookCall, { kind, source, deps }: Original): Promise<Reading | undefined> {
  return kind.read(call, source, deps).catch(unlessUnreachable);
}

function unlessUnreachable(error: unknown): undefined {
  if (!(error instanceof ProviderUnreachable)) throw error;
}

function wronglyVerified(
  call: WebhookCall,
  { token }: Extract<Verdict, { kind: "verified" }>,
  { covered, toleranceMs, call: genuine, kind, source }: Original,
  originals: readonly Original[],
): string | undefined {
  const said = covered(call);
  const isGenuine = (other: Original) => other.source.secrets[0] === source.secrets[0] && covered(other.call) === said;
  if (covered(genuine) !== said && !originals.some(isGenuine)) return "an altered call was verified";
  const ageMs = Math.abs(call.receivedAt.getTime() - genuine.receivedAt.getTime());
  if (toleranceMs !== undefined && ageMs > toleranceMs + CLOCK_STEP_MS) return `a call of another time was verified, ${ageMs} ms away`;
  if (kind.name === "mailgun" && token?.value !== MAILGUN_TOKEN) return `it was verified with another token, ${token?.value}`;
  return undefined;
}
