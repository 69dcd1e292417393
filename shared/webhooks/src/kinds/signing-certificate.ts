import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { rootCertificates } from "node:tls";
import { type KindDeps, ProviderUnreachable } from "../source-kind.ts";
import { certificatesOf, chainFault } from "./certificate-chain.ts";

/** Whose certificates are believed. */
export interface Trust {
  /** Of the URLs of certificates, over the whole `host` or `host:port`. */
  hosts: RegExp;
  /** The operator has named the hosts himself: they may be private ones. */
  isNamedByOperator: boolean;
  /** CA certificates, PEM; unset: those of Amazon among the ones that Node.js trusts. */
  ca?: string | undefined;
}

export type SigningCertificate = { kind: "trusted"; certificate: X509Certificate } | { kind: "refused"; because: string };

/**
 * The certificate behind a URL when everything about it is right: https at a trusted host, `.pem`, its name, its dates, an
 * RSA key, and a chain to a trusted CA. AWS serves a lone certificate and not the one that issued it: that one is fetched
 * from where the certificate says, at Amazon's own hosts only. Throws {@link ProviderUnreachable} when one cannot be
 * fetched. Those that were good are kept, as long as `deps` lives, and judged anew each time.
 */
export async function signingCertificate(url: string, trust: Trust, at: Date, deps: KindDeps): Promise<SigningCertificate> {
  const place = trustedUrl(url, trust.hosts);
  if (!place?.pathname.endsWith(".pem") || place.search !== "")
    return { kind: "refused", because: "SigningCertURL is not https, of a trusted host and .pem without a query" };
  const kept = keptBy(deps);
  const served = kept.get(place.href) ?? certificatesOf(await fetchOf(place.href, trust, deps));
  const [certificate, ...others] = served;
  if (certificate === undefined) return { kind: "refused", because: "SigningCertURL holds no certificate" };
  const fetchIssuers = (of: X509Certificate) => issuersOf(of, deps);
  const fault = ownFault(certificate, place.hostname) ?? (await chainFault(certificate, at, { roots: rootsOf(trust), others, fetchIssuers }));
  if (fault !== undefined) return { kind: "refused", because: fault };
  keep(kept, place.href, [certificate, ...others]);
  return { kind: "trusted", certificate };
}

/** A URL that may be fetched: https, a trusted host, no user in it. */
export function trustedUrl(url: string, hosts: RegExp): URL | undefined {
  if (!URL.canParse(url)) return undefined;
  const place = new URL(url);
  return place.protocol === "https:" && place.username === "" && place.password === "" && hosts.test(place.host) ? place : undefined;
}

/** 5 s: SNS waits 15 s for our answer, and up to two certificates are fetched. */
const FETCH_TIMEOUT_MS = 5000;
/** A certificate has 2 kB. */
const MAX_CERTIFICATE_BYTES = 64 * 1024;

async function fetchOf(url: string, { ca, isNamedByOperator }: Pick<Trust, "ca" | "isNamedByOperator">, deps: KindDeps): Promise<Buffer> {
  try {
    return await deps.fetch(url, { maxBytes: MAX_CERTIFICATE_BYTES, timeoutMs: FETCH_TIMEOUT_MS, isNamedByOperator, ...(ca !== undefined && { ca }) });
  } catch (cause) {
    throw new ProviderUnreachable("a certificate of the provider cannot be fetched", { cause });
  }
}

/** The name that AWS's certificates had before they were made for each region. */
const OLD_NAME = "sns.amazonaws.com";

function ownFault(certificate: X509Certificate, host: string): string | undefined {
  if (!isOf(certificate, host)) return "the certificate is not of the host that serves it";
  return certificate.publicKey.asymmetricKeyType === "rsa" ? undefined : "the certificate has no RSA key";
}

function isOf(certificate: X509Certificate, host: string): boolean {
  const address = host.replace(/^\[|\]$/g, "");
  if (isIP(address) !== 0) return certificate.checkIP(address) !== undefined;
  return certificate.checkHost(host) !== undefined || (/\.amazonaws\.com(?:\.cn)?$/.test(host) && certificate.checkHost(OLD_NAME) !== undefined);
}

const AMAZON = /^O=(?:Amazon|Starfield Technologies, Inc\.)$/m;
const amazonRoots = (): X509Certificate[] => rootCertificates.map((pem) => new X509Certificate(pem)).filter(({ subject }) => AMAZON.test(subject));
let amazon: X509Certificate[] | undefined;

function rootsOf({ ca }: Trust): X509Certificate[] {
  if (ca !== undefined) return certificatesOf(Buffer.from(ca));
  amazon ??= amazonRoots();
  return amazon;
}

/** Where Amazon's CA has the certificates of its issuers. They say http; https serves the same. */
const ISSUER_HOSTS = /^crt\.[a-z0-9]{2,20}\.amazontrust\.com$/;
const ISSUER_URL = /^CA Issuers - URI:http:(\/\/[^\s"]+)$/gm;

async function issuersOf(certificate: X509Certificate, deps: KindDeps): Promise<X509Certificate[]> {
  const urls = [...(certificate.infoAccess ?? "").matchAll(ISSUER_URL)].map(([, rest = ""]) => trustedUrl(`https:${rest}`, ISSUER_HOSTS));
  const url = urls.find((candidate) => candidate !== undefined);
  return url === undefined ? [] : certificatesOf(await fetchOf(url.href, { isNamedByOperator: false }, deps));
}

/** AWS has one or two valid certificates for each region. */
const MAX_KEPT = 50;
type Kept = Map<string, X509Certificate[]>;
const keptByDeps = new WeakMap<KindDeps, Kept>();

function keptBy(deps: KindDeps): Kept {
  const kept = keptByDeps.get(deps) ?? new Map();
  keptByDeps.set(deps, kept);
  return kept;
}

function keep(kept: Kept, url: string, certificates: X509Certificate[]): void {
  kept.delete(url);
  kept.set(url, certificates);
  for (const oldest of kept.keys()) {
    if (kept.size <= MAX_KEPT) return;
    kept.delete(oldest);
  }
}
