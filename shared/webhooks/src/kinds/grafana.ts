import { z } from "zod";
import type { SourceKind } from "../source-kind.ts";
import { verifyAuthorization } from "./authorization.ts";
import { eventReading } from "./bodies.ts";
import { VERIFIED } from "./refusals.ts";
import { authorizationSecret } from "./secret-rules.ts";
import { type SignedBody, verifySignedBody } from "./signed-body.ts";
import { MAX_EVENT_BYTES, USUAL_STATUSES } from "./statuses.ts";
import { headerName, toleranceSeconds } from "./tolerance.ts";

const settings = z.strictObject({
  /** As the contact point has it. The secret of `basic` is `user:password`. */
  authentication: z.enum(["hmac", "bearer", "basic"]).default("hmac"),
  signatureHeader: headerName.prefault("X-Grafana-Alerting-Signature"),
  /** Set where the contact point has one: then it is signed too, and old calls are refused. */
  timestampHeader: headerName.optional(),
  toleranceSeconds,
});
type Settings = z.output<typeof settings>;

/**
 * Grafana alerting: hex of HMAC-SHA256 over the body, or over `timestamp:body` where the contact point names a timestamp
 * header; or the header `Authorization`. It calls by POST or PUT.
 *
 * | outcome | status | what Grafana does |
 * | --- | --- | --- |
 * | accepted, ignored | 200 | any 2xx: done |
 * | unauthenticated, stale, malformed, too-large | 401, 400, 413 | shows the failure at the contact point; the group comes again after its repeat interval |
 * | unavailable | 503 | sends it again, with back-off |
 *
 * An event has no id: its body is. The signature's header is `X-Grafana-Alerting-Signature` by the documentation, and was
 * `X-Grafana-Alert-Signature` by the code for a while. Source: grafana.com/docs, "Configure webhook notifications";
 * grafana/alerting, `http/hmac.go`.
 */
export const grafanaKind: SourceKind<Settings> = {
  name: "grafana",
  brings: "events",
  settings,
  secrets: authorizationSecret("grafana"),
  maxBodyBytes: MAX_EVENT_BYTES,
  statuses: USUAL_STATUSES,
  verifyHead: (head, { settings: { authentication }, secrets }) => (authentication === "hmac" ? VERIFIED : verifyAuthorization(head, authentication, secrets)),
  async verify(call, { settings: how, secrets }) {
    if (how.authentication !== "hmac") return verifyAuthorization(call, how.authentication, secrets);
    return verifySignedBody(call, signedBy(how), secrets);
  },
  read: async (call) => eventReading(call, {}),
};

function signedBy({ signatureHeader, timestampHeader, toleranceSeconds: tolerance }: Settings): SignedBody {
  return { signatureHeader, timestampHeader, timestampSeparator: ":", toleranceSeconds: tolerance, algorithm: "sha256", encoding: "hex", prefix: "" };
}
