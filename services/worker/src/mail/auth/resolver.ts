import { Resolver } from "node:dns/promises";

/**
 * DNS for the checks of senders.
 *
 * Problem: whoever sends a mail chooses which names are asked for, and how many; and a DNS server that does not answer
 * must not hold up every mail. Choice: a resolver of its own with a short time-out; answers are kept for a while, also
 * that there is none; each mail has a bound on its questions and on the time for all of them; and after several
 * mails in a row that met a silent DNS nothing is asked for a moment: each counts once, as the names of one may all be of a
 * server that is silent on purpose. What cannot be found out is no proof: the sender is not verified.
 */
export type Resolve = (name: string, type: string) => Promise<string[] | string[][]>;

export interface MailResolverOptions {
  /** The system's when there are none. */
  servers: readonly string[];
  timeoutMs: number;
  /** Of a clock that never goes back, ms. */
  elapsedMs(): number;
  /** In place of a real one, for tests. */
  ask?: Resolve;
}

const TRIES = 2;
const KEPT_MS = 300_000;
/** That there is no such name, or no such record. */
const ABSENT_KEPT_MS = 60_000;
const MAX_KEPT = 10_000;
/** Questions of one mail: SPF may take 10 names with several records each, DKIM one for each signature, DMARC two. */
const MAX_QUESTIONS = 40;
const MAX_MAIL_MS = 8000;
const SILENCES_IN_A_ROW = 4;
const PAUSE_MS = 15_000;
/** Names that are nobody's (RFC 6761, RFC 2606): only a server that the operator has named may know them. */
const SPECIAL_USE = /(^|\.)(test|invalid|localhost|example|local|onion)$/i;

/** Made once: an error that is thrown for every mail of a closed network costs more than the rest of its check. */
const NOBODYS = dnsError("ENOTFOUND", "a name that is nobody's");
/** No later try would ask less. */
const TOO_MUCH = dnsError("ENOTFOUND", "too much to ask for one mail");

interface MailState {
  hasMetSilence: boolean;
}

/** See the head of the file; the resolver of one mail. */
export function makeMailResolver({ servers, timeoutMs, elapsedMs, ask = systemResolver(servers, timeoutMs) }: MailResolverOptions): () => Resolve {
  const kept = new Map<string, { answer: Promise<string[] | string[][]>; untilMs: number }>();
  let silences = 0;
  let pausedUntilMs = 0;

  async function askOnce(name: string, type: string, mail: MailState): Promise<string[] | string[][]> {
    if (elapsedMs() < pausedUntilMs) throw dnsError("ETIMEOUT", "the DNS does not answer");
    try {
      const answer = await ask(name, type);
      silences = 0;
      return answer;
    } catch (error) {
      if (isSilence(error)) noteSilence(mail);
      else silences = 0;
      throw error;
    }
  }

  function noteSilence(mail: MailState): void {
    if (mail.hasMetSilence) return;
    mail.hasMetSilence = true;
    silences++;
    if (silences >= SILENCES_IN_A_ROW) pausedUntilMs = elapsedMs() + PAUSE_MS;
  }

  function look(name: string, type: string, mail: MailState): Promise<string[] | string[][]> {
    const key = `${type} ${name.toLowerCase()}`;
    const known = kept.get(key);
    if (known && elapsedMs() < known.untilMs) return known.answer;
    if (kept.size >= MAX_KEPT) kept.clear();
    const entry = { answer: askOnce(name, type, mail), untilMs: elapsedMs() + KEPT_MS };
    kept.set(key, entry);
    entry.answer.catch((error: unknown) => {
      if (isAbsence(error)) entry.untilMs = elapsedMs() + ABSENT_KEPT_MS;
      else kept.delete(key);
    });
    return entry.answer;
  }

  return () => {
    const startedAtMs = elapsedMs();
    const mail: MailState = { hasMetSilence: false };
    let questions = 0;
    return async (name, type) => {
      if (servers.length === 0 && SPECIAL_USE.test(name)) throw NOBODYS;
      questions++;
      if (questions > MAX_QUESTIONS) throw TOO_MUCH;
      if (elapsedMs() - startedAtMs > MAX_MAIL_MS) throw dnsError("ETIMEOUT", "the DNS takes too long for one mail");
      return look(name, type, mail);
    };
  };
}

function systemResolver(servers: readonly string[], timeoutMs: number): Resolve {
  const resolver = new Resolver({ timeout: timeoutMs, tries: TRIES });
  if (servers.length > 0) resolver.setServers([...servers]);
  // The types that are asked for (TXT, A, AAAA, PTR, MX) are lists; the library knows what is in them.
  return (name, type) => resolver.resolve(name, type) as Promise<string[] | string[][]>;
}

function isAbsence(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOTFOUND" || error.code === "ENODATA");
}

/** Nobody there; a server that cannot answer, such as for a broken name (SERVFAIL), is there. */
function isSilence(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ETIMEOUT" || error.code === "ECONNREFUSED");
}

function dnsError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
