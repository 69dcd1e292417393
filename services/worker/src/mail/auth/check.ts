import { domainToASCII } from "node:url";
import type { InboundRecord } from "@openticket/contract";
import type { UnderstoodMail } from "@openticket/mail";
import { arc, dkimVerify, dmarc, spf } from "mailauth";
import type { Authenticity } from "../decide/ports.ts";
import { isAlignedWith } from "./alignment.ts";
import { readInTurns } from "./read-chunks.ts";
import type { Resolve } from "./resolver.ts";

/**
 * SPF, DKIM, DMARC and ARC, checked here.
 *
 * A mail is verified when every domain in From vouches for it: DMARC passes, or, where a domain has published no policy,
 * one of its own DKIM keys has signed the mail. SPF alone does not count then: it names hosts that many share. A signature
 * that leaves the end of the body open vouches for nothing, because anybody may have written that end.
 * The alignment is our own: the library takes a strict policy for a relaxed one.
 */
export interface CheckDeps {
  resolve: Resolve;
  /** Domains whose ARC seal is believed. */
  arcSealers: readonly string[];
}

/** Signatures of one mail that are checked, and header bytes that are read for it: more is an attack on our time. */
const MAX_SIGNATURES = 10;
const MAX_HEADER_BYTES = 512 * 1024;
/** Domains in From that are asked for a policy. */
const MAX_AUTHOR_DOMAINS = 3;

/** See the head of the file. Never throws for what the mail or the DNS says. */
export async function checkSender(raw: Uint8Array, mail: UnderstoodMail, record: InboundRecord, deps: CheckDeps): Promise<Authenticity> {
  const domains = [...new Set(mail.from.map(({ address }) => asciiDomain(address)))];
  const [envelope, signed] = await Promise.all([checkSpf(record, deps), passedSignatures(raw, mail, deps)]);
  const passed: Passed = { ...signed, ...envelope };
  const mayBounce = envelope.spf !== undefined || signed.dkim.length > 0;
  if (domains.length === 0 || domains.length > MAX_AUTHOR_DOMAINS) {
    return { isAligned: false, isForged: false, mayBounce, because: `From has ${domains.length} domains` };
  }
  const verdicts = await Promise.all(domains.map((domain) => judge(domain, passed, deps)));
  const isAligned = verdicts.every((verdict) => verdict.isAligned);
  return {
    isAligned,
    isForged: verdicts.some(({ isForged }) => isForged),
    mayBounce: mayBounce || isAligned,
    isUnsettled: !isAligned && verdicts.every((verdict) => verdict.isAligned || verdict.isUnsettled),
    because: verdicts.map(({ because }) => because).join("; "),
  };
}

interface Passed {
  spf: string | undefined;
  dkim: string[];
  /** Domains for which a trusted forwarder says that DMARC passed, before it changed the mail. */
  arc: string[];
  note: string;
  /** Domains of which signatures could not be checked now, and the one of which SPF could not. */
  unsettledDkim: string[];
  unsettledSpf: string | undefined;
}

/** What the checks say of a look-up that may succeed later. */
const TEMPORARY = "temperror";

/** The domain that SPF passed for. */
async function checkSpf({ source: { ip, helo, envelopeFrom } }: InboundRecord, { resolve }: CheckDeps): Promise<Pick<Passed, "spf" | "unsettledSpf">> {
  const identity = envelopeFrom || helo;
  if (ip === undefined || !identity) return { spf: undefined, unsettledSpf: undefined };
  const result = await spf({ ip, resolver: resolve, mta: "openticket", ...(helo !== undefined && { helo }), ...(envelopeFrom && { sender: envelopeFrom }) });
  const { result: status } = result.status;
  return { spf: status === "pass" ? result.domain : undefined, unsettledSpf: status === TEMPORARY ? result.domain : undefined };
}

async function passedSignatures(raw: Uint8Array, mail: UnderstoodMail, deps: CheckDeps): Promise<Omit<Passed, "spf" | "unsettledSpf">> {
  const count = (wanted: string) => mail.headers.filter(([name]) => name === wanted).length;
  const [signatures, seals] = [count("dkim-signature"), count("arc-seal")];
  if (signatures + seals === 0) return { dkim: [], arc: [], note: "not signed", unsettledDkim: [] };
  const isTooMuch = signatures + seals > MAX_SIGNATURES || headerBytes(raw) > MAX_HEADER_BYTES;
  if (isTooMuch) return { dkim: [], arc: [], note: "too many signatures or too long headers to be checked", unsettledDkim: [] };
  const verified = await dkimVerify(readInTurns(raw), { resolver: deps.resolve });
  const whole = verified.results.filter(({ status }) => status.result === "pass" && !status.underSized);
  const note = verified.results.map(({ signingDomain, status }) => `dkim=${status.result} ${signingDomain ?? ""} ${status.comment ?? ""}`.trim()).join(", ");
  const unsettledDkim = verified.results.filter(({ status }) => status.result === TEMPORARY).map(({ signingDomain }) => signingDomain);
  return { dkim: whole.map(({ signingDomain }) => signingDomain), arc: await sealedFor(verified, deps), note, unsettledDkim };
}

async function sealedFor(verified: Awaited<ReturnType<typeof dkimVerify>>, { resolve, arcSealers }: CheckDeps): Promise<string[]> {
  const chain = verified.arc?.chain;
  if (arcSealers.length === 0 || !verified.arc || !chain) return [];
  const result = await arc({ ...verified.arc, chain }, { resolver: resolve });
  const sealers = chain.map(sealerOf);
  const isTrusted =
    result.status.result === "pass" && sealers.length > 0 && sealers.every((sealer) => arcSealers.some((trusted) => isAlignedWith(trusted, sealer)));
  const said: unknown = result.authenticationResults?.dmarc;
  return isTrusted ? passedDomain(said) : [];
}

function sealerOf(entry: unknown): string {
  const value = dig(entry, "arc-seal", "parsed", "d", "value");
  return typeof value === "string" ? value : "";
}

function passedDomain(dmarcResult: unknown): string[] {
  const from = dig(dmarcResult, "header", "from");
  return dig(dmarcResult, "result") === "pass" && typeof from === "string" ? [from] : [];
}

/** A value deep in what the library gives without a type. */
function dig(value: unknown, ...path: string[]): unknown {
  let found = value;
  for (const name of path) found = typeof found === "object" && found !== null ? Reflect.get(found, name) : undefined;
  return found;
}

type Verdict = Pick<Authenticity, "isAligned" | "isForged" | "isUnsettled" | "because">;

async function judge(
  domain: string,
  { spf: spfDomain, dkim, arc: sealed, note, unsettledDkim, unsettledSpf }: Passed,
  { resolve }: CheckDeps,
): Promise<Verdict> {
  const policy = await dmarc({ headerFrom: `author@${domain}`, spfDomains: [], dkimDomains: [], resolver: resolve });
  const state = policy === false ? "none" : policy.status.result;
  const hasPolicy = policy !== false && (state === "pass" || state === "fail");
  const [isDkimStrict, isSpfStrict] = hasPolicy ? [policy.alignment.dkim.strict, policy.alignment.spf.strict] : [false, false];
  const signer = dkim.find((signed) => isAlignedWith(signed, domain, { isStrict: isDkimStrict }));
  if (signer !== undefined)
    return {
      isAligned: true,
      isForged: false,
      because: `DKIM of ${signer} for ${domain}${hasPolicy ? ", as its DMARC policy wants" : ", which has no DMARC policy"}`,
    };
  if (spfDomain !== undefined && hasPolicy && isAlignedWith(spfDomain, domain, { isStrict: isSpfStrict })) {
    return { isAligned: true, isForged: false, because: `SPF of ${spfDomain} for ${domain}, as its DMARC policy wants` };
  }
  const sealer = sealed.find((other) => isAlignedWith(other, domain));
  if (sealer !== undefined) return { isAligned: true, isForged: false, because: `a trusted ARC seal says that DMARC passed for ${sealer}` };
  // SPF counts with a policy alone, and may have passed while that could not be asked for.
  const hopes = [...unsettledDkim, ...(hasPolicy || state === TEMPORARY ? [unsettledSpf] : []), ...(state === TEMPORARY ? [spfDomain] : [])];
  const isForged = hasPolicy && ["reject", "quarantine"].includes(policy.policy?.toLowerCase() ?? "") && state === "fail";
  return {
    isAligned: false,
    isForged,
    isUnsettled: hopes.some((hope) => hope !== undefined && isAlignedWith(hope, domain)),
    because: `nothing aligned with ${domain} passed: dmarc=${hasPolicy ? "fail" : state}, spf=${spfDomain ?? "no pass"}, ${note}`,
  };
}

function asciiDomain(address: string): string {
  const domain = address
    .slice(address.lastIndexOf("@") + 1)
    .trim()
    .toLowerCase();
  return domainToASCII(domain) || domain;
}

/** Up to the empty line; at most one more than is allowed. */
function headerBytes(raw: Uint8Array): number {
  const head = Buffer.from(raw.buffer, raw.byteOffset, Math.min(raw.byteLength, MAX_HEADER_BYTES + 4));
  const ends = [head.indexOf("\r\n\r\n"), head.indexOf("\n\n")].filter((end) => end !== -1);
  return ends.length > 0 ? Math.min(...ends) : head.length;
}
