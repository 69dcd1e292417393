import { firstOf, labelled, lines, MONTH_S, type Preset, priorityBy } from "./preset.ts";

/** Grafana alerting, contact point "Webhook": one ticket for each group, which is sent again while it fires. */
export const grafanaPreset: Preset = {
  mapping: {
    ticket: {
      subject: "(commonAnnotations.summary ? commonAnnotations.summary : commonLabels.alertname ? commonLabels.alertname : title)",
      message: lines(
        "message",
        ...firstOf(
          "alerts",
          lines(
            '"\\n" & labels.alertname & ", " & status & " since " & startsAt',
            "annotations.summary",
            "annotations.description",
            "valueString",
            labelled("Panel", "panelURL"),
            labelled("Silence", "silenceURL"),
          ),
        ),
        labelled("Grafana", "externalURL"),
      ),
      name: '"Grafana"',
      priority: priorityBy("commonLabels.severity"),
    },
  },
  correlation: {
    // A body without a group is that of one alert.
    key: '(groupKey ? groupKey : $join($sort(alerts.fingerprint), ","))',
    windowSeconds: MONTH_S,
    resolved: 'status = "resolved"',
    onResolved: "close",
    afterResolved: "reopen",
  },
};
