import { z } from "zod";
import { ImapFault } from "./session.ts";

export interface OAuth2Options {
  tokenUrl: string;
  clientId: string;
  clientSecret: string | undefined;
  refreshToken: string;
  scope: string | undefined;
}

/** Access tokens for XOAUTH2. */
export interface AccessTokens {
  /** One that is good for a while. Throws {@link ImapFault}. */
  get(): Promise<string>;
  /** This one was not taken by the server: it is not given again. */
  forget(token: string): void;
}

const TIMEOUT_MS = 15_000;
/** A token is renewed that long before it ends, ms. */
const MARGIN_MS = 60_000;
/** Of providers that say nothing about it, s. */
const DEFAULT_LIFETIME_S = 300;

const answer = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive().default(DEFAULT_LIFETIME_S),
  refresh_token: z.string().min(1).optional(),
});

/** One {@link AccessTokens} for all who have the same refresh token: each use may replace it, and make the old one worthless. */
export function makeSharedAccessTokens(clock: { nowMs(): number }): (options: OAuth2Options) => AccessTokens {
  const shared = new Map<string, AccessTokens>();
  return (options) => {
    const key = JSON.stringify(options);
    const tokens = shared.get(key) ?? makeAccessTokens(options, clock);
    shared.set(key, tokens);
    return tokens;
  };
}

/** Gets tokens with the refresh token, one request at a time. Source: RFC 6749, section 6. A refresh token that is replaced is kept for this process. */
function makeAccessTokens(options: OAuth2Options, { nowMs }: { nowMs(): number }): AccessTokens {
  let { refreshToken } = options;
  let known: { token: string; untilMs: number } | undefined;
  let asking: Promise<string> | undefined;

  async function ask(): Promise<string> {
    const given = await request({ ...options, refreshToken });
    refreshToken = given.refresh_token ?? refreshToken;
    known = { token: given.access_token, untilMs: nowMs() + given.expires_in * 1000 - MARGIN_MS };
    return given.access_token;
  }

  return {
    async get() {
      if (known && nowMs() < known.untilMs) return known.token;
      asking ??= ask().finally(() => {
        asking = undefined;
      });
      return asking;
    },
    forget(token) {
      if (known?.token === token) known = undefined;
    },
  };
}

async function request({ tokenUrl, clientId, clientSecret, refreshToken, scope }: OAuth2Options): Promise<z.output<typeof answer>> {
  const body = new URLSearchParams({
    grant_type: "refresh_token",
    refresh_token: refreshToken,
    client_id: clientId,
    ...(clientSecret !== undefined && { client_secret: clientSecret }),
    ...(scope !== undefined && { scope }),
  });
  const response = await fetch(tokenUrl, { method: "POST", body, redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => {
    throw new ImapFault("connect", "the token endpoint does not answer");
  });
  const parsed = answer.safeParse(await response.json().catch(() => undefined));
  if (!response.ok) throw new ImapFault(response.status < 500 ? "login" : "connect", `the token endpoint answers ${response.status}`);
  if (!parsed.success) throw new ImapFault("login", "the token endpoint gives no access token");
  return parsed.data;
}
