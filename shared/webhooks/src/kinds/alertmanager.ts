import { z } from "zod";
import type { CallHead, SourceInUse, SourceKind, Verdict } from "../source-kind.ts";
import { verifyAuthorization } from "./authorization.ts";
import { eventReading } from "./bodies.ts";
import { authorizationSecret } from "./secret-rules.ts";
import { MAX_EVENT_BYTES, USUAL_STATUSES } from "./statuses.ts";

const settings = z.strictObject({
  /** As Alertmanager's `http_config` has it. The secret of `basic` is `user:password`. */
  authentication: z.enum(["bearer", "basic"]).default("bearer"),
});
type Settings = z.output<typeof settings>;

/**
 * Prometheus' Alertmanager, which signs nothing: the header `Authorization` proves it.
 *
 * | outcome | status | what Alertmanager does |
 * | --- | --- | --- |
 * | accepted, ignored | 200 | any 2xx: done |
 * | unauthenticated, malformed, too-large | 401, 400, 413 | gives this notification up; the group comes again after its `repeat_interval` |
 * | unavailable | 503 | sends it again, with back-off |
 *
 * An event has no id. The same body comes again while nothing changes in its group, as often as `repeat_interval` says:
 * the body is its id, and such a repetition is one. Source: prometheus/alertmanager, `notify/webhook`, `notify/util.go`.
 */
export const alertmanagerKind: SourceKind<Settings> = {
  name: "alertmanager",
  brings: "events",
  settings,
  secrets: authorizationSecret("alertmanager"),
  maxBodyBytes: MAX_EVENT_BYTES,
  statuses: USUAL_STATUSES,
  verifyHead,
  verify: async (call, source) => verifyHead(call, source),
  read: async (call) => eventReading(call, {}),
};

function verifyHead(head: CallHead, { settings: { authentication }, secrets }: SourceInUse<Settings>): Verdict {
  return verifyAuthorization(head, authentication, secrets);
}
