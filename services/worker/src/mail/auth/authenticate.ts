import type { InboundRecord } from "@openticket/contract";
import type { UnderstoodMail } from "@openticket/mail";
import { makeNetworks } from "@openticket/runtime";
import type { MailConfig } from "../config.ts";
import type { Authenticity } from "../decide/ports.ts";
import { readAuthenticationResults } from "./auth-results.ts";
import { checkSender } from "./check.ts";
import type { Resolve } from "./resolver.ts";

/** Finds out who vouches for a mail. */
export type Authenticate = (raw: Uint8Array, mail: UnderstoodMail, record: InboundRecord) => Promise<Authenticity>;

export type AuthConfig = Pick<
  MailConfig,
  "MAIL_AUTH" | "MAIL_TRUSTED_AUTHSERV_IDS" | "MAIL_TRUSTED_ARC_SEALERS" | "MAIL_TRUSTED_NETWORKS" | "MAIL_TRUST_LOGIN"
>;

/**
 * The ways in which a sender is verified, the surest first: a peer that the operator trusts, a server in front that has
 * checked already, our own checks.
 */
export function makeAuthenticate(config: AuthConfig, resolverOfMail: () => Resolve): Authenticate {
  const isTrusted = makeNetworks(config.MAIL_TRUSTED_NETWORKS);
  return async (raw, mail, record) => {
    const { ip, user } = record.source;
    if (user !== undefined && config.MAIL_TRUST_LOGIN) return vouched(`the peer has logged in as ${user}`);
    if (ip !== undefined && isTrusted(ip)) return vouched(`${ip} is in MAIL_TRUSTED_NETWORKS`);
    if (config.MAIL_AUTH === "off") return unknown("MAIL_AUTH is off");
    const said = readAuthenticationResults(mail, config.MAIL_TRUSTED_AUTHSERV_IDS);
    if (said) return said;
    if (config.MAIL_AUTH === "headers") return unknown("no Authentication-Results of a trusted server");
    return checkSender(raw, mail, record, { resolve: resolverOfMail(), arcSealers: config.MAIL_TRUSTED_ARC_SEALERS });
  };
}

function vouched(because: string): Authenticity {
  return { isAligned: true, isForged: false, mayBounce: true, because };
}

function unknown(because: string): Authenticity {
  return { isAligned: false, isForged: false, mayBounce: false, because };
}
