import { X509Certificate } from "node:crypto";

/** More links than any public CA has between its root and what it signs. */
const MAX_LINKS = 4;

/** Where a chain may come from. */
export interface ChainSources {
  /** Certificates that are trusted as they are. */
  roots: readonly X509Certificate[];
  /** Certificates that came with the leaf; those that are fetched join them. */
  others: X509Certificate[];
  /** The issuers' certificates of this one, from where it says they are. */
  fetchIssuers(certificate: X509Certificate): Promise<X509Certificate[]>;
}

/** What keeps a certificate from being trusted at an instant: its dates, or that no chain leads to a root; undefined: nothing. */
export async function chainFault(leaf: X509Certificate, at: Date, sources: ChainSources): Promise<string | undefined> {
  let current = leaf;
  for (let link = 0; link < MAX_LINKS; link++) {
    if (!isValidAt(current, at)) return `the certificate of ${commonName(current)} is not valid at this time`;
    if (sources.roots.some((root) => isAnchor(current, root, at))) return undefined;
    const issuer = await issuerOf(current, sources);
    if (issuer === undefined) break;
    current = issuer;
  }
  return `no trusted CA stands behind the certificate of ${commonName(leaf)}`;
}

/** Certificates of a file: PEM, one or several, or one in DER; none when it is neither. */
export function certificatesOf(file: Buffer): X509Certificate[] {
  const blocks = file.toString("latin1").match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [file];
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    // Whatever it is, it is no certificate.
    return [];
  }
}

/** Instants of a certificate, as OpenSSL writes them: `Jan  1 00:00:00 2026 GMT`. */
const isValidAt = ({ validFrom, validTo }: X509Certificate, at: Date): boolean => Date.parse(validFrom) <= at.getTime() && at.getTime() <= Date.parse(validTo);

function isAnchor(certificate: X509Certificate, root: X509Certificate, at: Date): boolean {
  return certificate.fingerprint256 === root.fingerprint256 || (isValidAt(root, at) && isIssuedBy(certificate, root));
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

async function issuerOf(certificate: X509Certificate, { others, fetchIssuers }: ChainSources): Promise<X509Certificate | undefined> {
  const isIssuer = (other: X509Certificate) => other.fingerprint256 !== certificate.fingerprint256 && isIssuedBy(certificate, other);
  const known = others.find(isIssuer);
  if (known !== undefined) return known;
  const fetched = (await fetchIssuers(certificate)).find(isIssuer);
  if (fetched !== undefined) others.push(fetched);
  return fetched;
}

const commonName = ({ subject }: X509Certificate): string => JSON.stringify(/^CN=(.{1,100})/m.exec(subject)?.[1] ?? "");
