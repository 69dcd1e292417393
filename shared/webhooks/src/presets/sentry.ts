import { labelled, lines, type Preset, priorityBy, QUARTER_S } from "./preset.ts";

/**
 * Sentry, by an integration: issue alerts, metric alerts, and what becomes of issues. One ticket for each issue or metric
 * alert; closed when it is resolved, opened again when it comes back. New issues without an alert rule are ignored.
 */
const RESOURCE = "$headers.`sentry-hook-resource`";
const ISSUE = "data.issue";
const EVENT = "data.event";
const METRIC = "data.metric_alert";

export const sentryPreset: Preset = {
  mapping: {
    when: `(${RESOURCE} = "event_alert" and action = "triggered") or (${RESOURCE} = "metric_alert" and action in ["critical", "warning", "resolved"]) or (${RESOURCE} = "issue" and action in ["resolved", "unresolved"])`,
    ticket: {
      subject: `(${EVENT} ? ${EVENT}.title : ${ISSUE} ? ${ISSUE}.title : data.description_title ? data.description_title : ${METRIC}.title ? ${METRIC}.title : "Metric alert " & ${METRIC}.id)`,
      message: lines(
        "data.description_text",
        `(${EVENT}.message != "" ? ${EVENT}.message)`,
        labelled("In", `(${EVENT}.culprit ? ${EVENT}.culprit : ${ISSUE}.culprit)`),
        labelled("Environment", `${EVENT}.environment`),
        labelled("Release", `${EVENT}.release`),
        labelled("Rule", "data.triggered_rule"),
        labelled("Project", `(${ISSUE}.project.slug ? ${ISSUE}.project.slug : ${METRIC}.projects ? $join(${METRIC}.projects, ", "))`),
        `(${EVENT}.web_url ? ${EVENT}.web_url : ${ISSUE}.permalink ? ${ISSUE}.permalink : ${ISSUE}.web_url ? ${ISSUE}.web_url : data.web_url)`,
      ),
      name: '"Sentry"',
      priority: `${RESOURCE} = "metric_alert" ? (action = "critical" ? "High" : "Medium") : ${priorityBy(`(${EVENT}.level ? ${EVENT}.level : ${ISSUE}.level)`)}`,
    },
  },
  correlation: {
    key: `(${METRIC} ? "metric alert " & ${METRIC}.id : ${EVENT} ? "issue " & ${EVENT}.issue_id : "issue " & ${ISSUE}.id)`,
    windowSeconds: QUARTER_S,
    resolved: 'action = "resolved"',
    onResolved: "close",
    afterResolved: "reopen",
  },
};
