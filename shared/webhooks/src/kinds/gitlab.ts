import { isOneOf } from "@openticket/runtime";
import { z } from "zod";
import type { CallHead, SourceKind, Verdict } from "../source-kind.ts";
import { eventReading } from "./bodies.ts";
import { unauthenticated, VERIFIED } from "./refusals.ts";
import { randomText, randomWhsec, textFault } from "./secret-rules.ts";
import { standardFault, verifyStandard } from "./standard-signature.ts";
import { MAX_FORGE_EVENT_BYTES, USUAL_STATUSES } from "./statuses.ts";
import { toleranceSeconds } from "./tolerance.ts";

const settings = z.strictObject({
  /** `token`: the secret itself in `X-Gitlab-Token`; `signature`: GitLab's signing token, which is Standard Webhooks v1. */
  authentication: z.enum(["token", "signature"]).default("token"),
  toleranceSeconds,
});

/**
 * GitLab: its plain secret token, or its signing token.
 *
 * | outcome | status | what GitLab does |
 * | --- | --- | --- |
 * | accepted, ignored | 200 | any 2xx: done; an event that nobody wants is one too |
 * | unauthenticated, stale, malformed, too-large | 401, 400, 413 | counts a failure; four in a row disable the hook until somebody enables it |
 * | unavailable | 503 | counts a failure; four in a row disable the hook for a minute, then for longer, up to a day |
 *
 * So a wrong secret disables the hook, and says so at GitLab, rather than go on in vain. `Idempotency-Key`, with a signing
 * token `webhook-id` too, stays the same when an event is sent again; older GitLabs send neither, then the body is the id.
 * Source: docs.gitlab.com, "Webhooks"; gitlab-org/gitlab merge request 230944 for the signing token.
 */
export const gitlabKind: SourceKind<z.output<typeof settings>> = {
  name: "gitlab",
  brings: "events",
  settings,
  secrets: {
    isNeeded: () => true,
    faultOf: (secret, { authentication }) => (authentication === "token" ? textFault(secret) : standardFault(secret)),
    generate: ({ authentication }) => (authentication === "token" ? randomText() : randomWhsec()),
  },
  maxBodyBytes: MAX_FORGE_EVENT_BYTES,
  statuses: USUAL_STATUSES,
  verifyHead: (head, { settings: { authentication }, secrets }) => (authentication === "signature" ? VERIFIED : verifyToken(head, secrets)),
  async verify(call, { settings: { authentication, toleranceSeconds: tolerance }, secrets }) {
    return authentication === "signature" ? verifyStandard(call, secrets, tolerance) : verifyToken(call, secrets);
  },
  async read(call) {
    const { "webhook-id": id, "idempotency-key": key } = call.headers;
    return eventReading(call, { idOf: () => id || key || undefined, headers: ["x-gitlab-event", "x-gitlab-instance"] });
  },
};

function verifyToken({ headers }: CallHead, secrets: readonly string[]): Verdict {
  const given = headers["x-gitlab-token"];
  if (!given) return unauthenticated("x-gitlab-token is missing");
  return isOneOf(given, secrets) ? VERIFIED : unauthenticated("the token is wrong");
}
