import { firstOf, labelled, lines, MONTH_S, type Preset, priorityBy } from "./preset.ts";

/**
 * Prometheus Alertmanager, body version 4: one ticket for each group. The same body comes again every `repeat_interval` while
 * the group fires, and once more when all of it is resolved.
 */
export const alertmanagerPreset: Preset = {
  mapping: {
    ticket: {
      subject:
        '(commonAnnotations.summary ? commonAnnotations.summary : commonLabels.alertname ? commonLabels.alertname : $join($distinct(alerts.labels.alertname), ", ")) & (commonLabels.instance ? " on " & commonLabels.instance : "")',
      message: lines(
        "commonAnnotations.description",
        '$count(alerts) & ($count(alerts) = 1 ? " alert" : " alerts") & " of the group " & groupKey',
        ...firstOf(
          "alerts",
          lines(
            '"\\n" & labels.alertname & ", " & status & " since " & startsAt',
            "annotations.summary",
            "annotations.description",
            '$join($each(labels, function($value, $name) { $name & "=" & $value }), ", ")',
            "generatorURL",
          ),
        ),
        labelled("Alertmanager", "externalURL"),
      ),
      name: '"Alertmanager"',
      priority: priorityBy("commonLabels.severity"),
    },
  },
  correlation: { key: "groupKey", windowSeconds: MONTH_S, resolved: 'status = "resolved"', onResolved: "close", afterResolved: "reopen" },
};
