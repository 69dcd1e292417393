import type { SourceKindName } from "@openticket/contract";

/** Events as their providers document them, in few fields. */

const ALERT = {
  status: "firing",
  labels: { alertname: "DiskFull", instance: "db1:9100", severity: "critical" },
  annotations: { summary: "Disk of db1 is full", description: "97 % of / is used" },
  startsAt: "2026-11-01T11:58:00Z",
  endsAt: "0001-01-01T00:00:00Z",
  generatorURL: "http://prometheus.example/graph",
  fingerprint: "c0ffee",
};
const GROUP = {
  receiver: "tickets",
  status: "firing",
  alerts: [ALERT, { ...ALERT, status: "resolved", annotations: {} }],
  groupLabels: { alertname: "DiskFull" },
  commonLabels: ALERT.labels,
  commonAnnotations: ALERT.annotations,
  externalURL: "http://alerts.example",
  version: "4",
  groupKey: '{}:{alertname="DiskFull"}',
  truncatedAlerts: 0,
};
const ISSUE = { number: 7, title: "It burns", body: "On fire.\nReally.", html_url: "https://github.example/app/issues/7", user: { login: "ada" } };
const REPOSITORY = { full_name: "example/app", html_url: "https://github.example/app" };
const USER = { name: "Ada Lovelace", username: "ada", email: "ada@client.example" };
const PROJECT = { path_with_namespace: "example/app" };

/** By kind; none for kinds that bring mails. */
export const EVENTS: Partial<Record<SourceKindName, readonly object[]>> = {
  "standard-webhooks": [
    { type: "disk.full", timestamp: "2026-11-26T12:00:00Z", data: { subject: "Grüße", message: "It **is**.", deptid: 1, email: "a@b.example" } },
  ],
  github: [
    { action: "opened", issue: ISSUE, repository: REPOSITORY, sender: { login: "ada" } },
    { action: "closed", issue: { ...ISSUE, body: null }, repository: REPOSITORY },
  ],
  gitlab: [
    {
      object_kind: "issue",
      user: USER,
      project: PROJECT,
      object_attributes: { iid: 23, title: "New", description: "Text", action: "open", state: "opened", url: "https://gitlab.example/23" },
    },
    {
      object_kind: "note",
      user: USER,
      project: PROJECT,
      object_attributes: { note: "Me too.", noteable_type: "Issue", url: "https://gitlab.example/1" },
      issue: { iid: 23, title: "New" },
    },
  ],
  stripe: [
    {
      id: "evt_1",
      object: "event",
      type: "invoice.payment_failed",
      livemode: true,
      data: { object: { id: "in_1", object: "invoice", amount_due: 1050, currency: "eur" } },
    },
    { id: "evt_2", object: "event", type: "charge.dispute.created", data: { object: { id: "dp_1", object: "dispute", amount: 100, reason: "fraudulent" } } },
  ],
  sentry: [
    {
      action: "created",
      installation: { uuid: "a" },
      data: {
        issue: {
          id: "1",
          title: "TypeError",
          culprit: "app.js",
          level: "error",
          status: "unresolved",
          web_url: "https://sentry.example/1",
          project: { name: "app" },
        },
      },
      actor: { type: "application", id: "sentry", name: "Sentry" },
    },
  ],
  alertmanager: [GROUP],
  grafana: [{ ...GROUP, version: "1", orgId: 1, title: "[FIRING:1] DiskFull", state: "alerting", message: "**Firing**" }],
  slack: [
    { token: "x", type: "event_callback", event_id: "Ev1", event_time: 1, event: { type: "message", user: "U1", text: "Help", channel: "C1", ts: "1.2" } },
  ],
  json: [{ id: "disk-1", subject: "Disk full", message: "On **web-1**.", priority: "High", name: "Ann", email: "ann@example.net", customfields: { "1": "a" } }],
};
