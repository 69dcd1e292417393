import type { SourceKindName } from "@openticket/contract";
import { alertmanagerKind } from "./kinds/alertmanager.ts";
import { githubKind } from "./kinds/github.ts";
import { gitlabKind } from "./kinds/gitlab.ts";
import { grafanaKind } from "./kinds/grafana.ts";
import { jsonKind } from "./kinds/json.ts";
import { mailgunKind } from "./kinds/mailgun.ts";
import { mandrillKind } from "./kinds/mandrill.ts";
import { postmarkKind } from "./kinds/postmark.ts";
import { sendgridKind } from "./kinds/sendgrid.ts";
import { sentryKind } from "./kinds/sentry.ts";
import { sesKind } from "./kinds/ses.ts";
import { slackKind } from "./kinds/slack.ts";
import { standardWebhooksKind } from "./kinds/standard-webhooks.ts";
import { stripeKind } from "./kinds/stripe.ts";
import type { SourceKind } from "./source-kind.ts";

const KINDS: readonly SourceKind[] = [
  ...[standardWebhooksKind, githubKind, gitlabKind, stripeKind, sentryKind, alertmanagerKind, grafanaKind, slackKind, jsonKind],
  ...[mailgunKind, sendgridKind, postmarkKind, sesKind, mandrillKind],
];
const BY_NAME = new Map(KINDS.map((kind) => [kind.name, kind]));

/** What is to be known of a kind of source; undefined for one that this version does not serve. */
export function sourceKind(name: SourceKindName): SourceKind | undefined {
  return BY_NAME.get(name);
}
