import type { SourceKindName } from "@openticket/contract";
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

export type { Preset } from "./preset.ts";

/** What becomes of the events of a kind whose source says nothing of its own; undefined for kinds that bring mails. */
export function presetOf(kind: SourceKindName): Preset | undefined {
  return PRESETS[kind];
}
