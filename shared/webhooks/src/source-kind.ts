import type { SourceKindName } from "@openticket/contract";
import type { z } from "zod";

/**
 * What a kind of source is: how its provider proves who calls, what a call holds, and which statuses the provider wants.
 * One file each, below `kinds/`. A call is verified on its exact bytes before anything of it is read.
 */
export interface SourceKind<Settings = unknown> {
  name: SourceKindName;
  /** Mails end in the understanding of mail; events become tickets by a mapping. */
  brings: "mails" | "events";
  settings: z.ZodType<Settings>;
  secrets: SecretRules<Settings>;
  /** Largest body, bytes. */
  maxBodyBytes: number;
  /** What the provider hears; a file's head says why, by the provider's rules of repetition. */
  statuses: Record<CallOutcome, number>;
  /**
   * The part of the proof that stands in headers and address, where there is one: asked before the body is read, so that a
   * wrong password costs nothing. `verify` goes over it again.
   */
  verifyHead?(head: CallHead, source: SourceInUse<Settings>): Verdict;
  /** Both throw {@link ProviderUnreachable}, and nothing else because of a call. */
  verify(call: WebhookCall, source: SourceInUse<Settings>, deps: KindDeps): Promise<Verdict>;
  /** What a verified call holds. */
  read(call: WebhookCall, source: SourceInUse<Settings>, deps: KindDeps): Promise<Reading>;
}

export interface SecretRules<Settings> {
  /** False where something else of the settings proves the caller. */
  isNeeded(settings: Settings): boolean;
  /** What is wrong with a secret that the operator gives, and what would be right. */
  faultOf(secret: string, settings: Settings): string | undefined;
  /** A new one, of a kind where whoever sets it up may choose it; absent where the provider gives it. */
  generate?(settings: Settings): string;
}

/** A call as it came, without its body. */
export interface CallHead {
  method: string;
  /** As the provider calls it: behind a proxy the configured public URL. */
  url: string;
  /** By lower-case name; repeated ones joined by ", ". */
  headers: Readonly<Record<string, string | undefined>>;
  /** Address of the caller. */
  ip: string;
  receivedAt: Date;
}

/** A call as it came. */
export interface WebhookCall extends CallHead {
  /** Exactly as it came. */
  body: Buffer;
}

export interface SourceInUse<Settings = unknown> {
  name: string;
  settings: Settings;
  /** Those that are valid now. */
  secrets: readonly string[];
  /** Its events are read by a mapping of its own, and not by the preset of its kind. */
  isMapped?: boolean;
}

export interface KindDeps {
  /**
   * Fetches from a provider, by https and never from a private network; throws when it cannot be had. `ca` (PEM): trusted
   * instead of the usual ones; `isNamedByOperator`: the host is one that the operator has named, and may be a private one.
   */
  fetch(url: string, options: { maxBytes: number; timeoutMs: number; ca?: string; isNamedByOperator?: boolean }): Promise<Buffer>;
}

export type Verdict =
  | {
      kind: "verified" /** Of a signature that covers no body: remembered until then with the body it came with, and refused with another. */;
      token?: { value: string; until: Date };
    }
  | { kind: "refused"; outcome: "unauthenticated" | "stale"; because: string };

/** `ignored`: genuine, and nothing that becomes a ticket. */
export type CallOutcome = "accepted" | "ignored" | "unauthenticated" | "stale" | "malformed" | "too-large" | "unknown-mailbox" | "unavailable";

export type Reading =
  /** `unread`: what is wrong with further ones of the same call that cannot be read; for the log. */
  | { kind: "mails"; mails: BroughtMail[]; unread?: string[] }
  /** The body is the event. `headers`: what the provider says of it beside the body. */
  | { kind: "event"; id?: string | undefined; headers?: Record<string, string> }
  /** The provider asks something of us first, such as to confirm that we want its calls. */
  | { kind: "handshake"; because: string; answer?: { contentType: string; body: string } }
  | { kind: "ignored"; because: string }
  | { kind: "malformed"; because: string };

export interface BroughtMail {
  /** What the provider calls this mail. */
  id?: string | undefined;
  /** The message of RFC 5322: as the provider has it, or made from the fields that it gives, the same for the same fields. */
  raw: Uint8Array;
  /** Envelope; "" for the null sender, undefined where the provider does not say. */
  envelopeFrom?: string | undefined;
  /** At least one. */
  envelopeTo: string[];
  /** What the provider found out about it, in its own words: `spam`, `virus`, `spf`, `dkim`, `dmarc`. For the trace; decides nothing. */
  verdicts?: Record<string, string> | undefined;
}

/** What a call needs from its provider could not be fetched: answered like any other trouble of ours (`unavailable`). */
export class ProviderUnreachable extends Error {
  override name = "ProviderUnreachable";
}
