import type { EventCorrelation, EventMapping, SourceKindName, WebhookSource } from "@openticket/contract";
import { alertmanagerPreset } from "./alertmanager.ts";
import { fieldsPreset } from "./fields.ts";
import { githubPreset } from "./github.ts";
import { gitlabPreset } from "./gitlab.ts";
import { grafanaPreset } from "./grafana.ts";
import type { Preset } from "./preset.ts";
import { sentryPreset } from "./sentry.ts";
import { slackPreset } from "./slack.ts";
import { stripePreset } from "./stripe.ts";

const PRESETS: Partial<Record<SourceKindName, Preset>> = {
  "standard-webhooks": fieldsPreset("data", '$exists(type) ? type : "Event of " & $source'),
  github: githubPreset,
  gitlab: gitlabPreset,
  stripe: stripePreset,
  sentry: sentryPreset,
  alertmanager: alertmanagerPreset,
  grafana: grafanaPreset,
  slack: slackPreset,
  json: fieldsPreset("$", '"Event of " & $source'),
};

/** What becomes of the events of a source: what it says itself, else the preset of its kind. No mapping: it brings mails. */
export function rulesOf({ kind, mapping, correlation }: Pick<WebhookSource, "kind" | "mapping" | "correlation">): EventRules {
  const preset = PRESETS[kind];
  return { mapping: mapping ?? preset?.mapping, correlation: correlation === undefined ? preset?.correlation : (correlation ?? undefined) };
}

interface EventRules {
  mapping: EventMapping | undefined;
  /** None: every event stands alone. */
  correlation: EventCorrelation | undefined;
}
