import { SOURCE_KINDS } from "@openticket/contract";
import { describe, expect, it } from "vitest";
import { expressionFaults } from "../../src/mapping/expression-faults.ts";
import { rulesOf } from "../../src/presets/presets.ts";
import { tryPreset } from "./try-preset.ts";

describe("presets", () => {
  it.each(SOURCE_KINDS.filter((kind) => rulesOf({ kind }).mapping))("%s has sound expressions", (kind) => {
    expect(expressionFaults(rulesOf({ kind }))).toEqual([]);
  });

  it("are there for every kind that brings events, and for no other", () => {
    expect(SOURCE_KINDS.filter((kind) => !rulesOf({ kind }).mapping)).toEqual(["mailgun", "sendgrid", "postmark", "ses", "mandrill"]);
  });

  it("stand behind what a source says itself, which may be that its events stand alone", () => {
    const mapping = { ticket: { subject: "s", message: "m" } };
    const preset = rulesOf({ kind: "stripe" });
    expect(rulesOf({ kind: "stripe", mapping })).toEqual({ mapping, correlation: preset.correlation });
    expect(rulesOf({ kind: "stripe", correlation: null })).toEqual({ mapping: preset.mapping, correlation: undefined });
  });
});

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
  alerts: [ALERT],
  groupLabels: { alertname: "DiskFull" },
  commonLabels: ALERT.labels,
  commonAnnotations: ALERT.annotations,
  externalURL: "http://alerts.example",
  version: "4",
  groupKey: '{}:{alertname="DiskFull"}',
  truncatedAlerts: 0,
};

describe.each(["alertmanager", "grafana"] as const)("%s", (kind) => {
  it("tells of the first alerts of a large group, in time", async () => {
    const alerts = Array.from({ length: 20_000 }, (_, number) => ({ ...ALERT, annotations: { summary: `Disk ${number} is full` } }));
    const reading = await tryPreset(kind, { ...GROUP, alerts });
    expect(reading).toMatchObject({ kind: "mapped", params: { message: expect.stringContaining("19980 more") } });
    expect(reading).toMatchObject({ params: { message: expect.stringContaining("Disk 19 is full") } });
    expect(reading).not.toMatchObject({ params: { message: expect.stringContaining("Disk 20 is full") } });
  });
});

describe("Alertmanager", () => {
  it("makes one ticket of a group that fires", async () => {
    const reading = await tryPreset("alertmanager", GROUP);
    expect(reading).toMatchObject({
      kind: "mapped",
      isResolved: false,
      key: GROUP.groupKey,
      params: { subject: "Disk of db1 is full on db1:9100", priority: "High", name: "Alertmanager" },
    });
    expect(reading).toMatchObject({ params: { message: expect.stringContaining("DiskFull, firing since 2026-11-01T11:58:00Z") } });
  });

  it("names several alerts that have nothing in common but their group", async () => {
    const other = { ...ALERT, labels: { alertname: "DiskSlow", severity: "info" }, annotations: {} };
    const reading = await tryPreset("alertmanager", { ...GROUP, alerts: [ALERT, other], commonLabels: {}, commonAnnotations: {} });
    expect(reading).toMatchObject({ params: { subject: "DiskFull, DiskSlow", priority: "Medium", message: expect.stringMatching(/^2 alerts of the group/) } });
  });

  it("knows when all of it is over", async () => {
    expect(await tryPreset("alertmanager", { ...GROUP, status: "resolved" })).toEqual({ kind: "mapped", isResolved: true, key: GROUP.groupKey });
  });
});

describe("Grafana", () => {
  const body = {
    ...GROUP,
    version: "1",
    orgId: 1,
    title: "[FIRING:1] DiskFull",
    state: "alerting",
    message: "**Firing**",
    alerts: [{ ...ALERT, valueString: "[ var='A' value=97 ]", panelURL: "http://grafana.example/d/1?viewPanel=2" }],
  };
  it("makes one ticket of a group that fires", async () => {
    const reading = await tryPreset("grafana", body);
    expect(reading).toMatchObject({ key: GROUP.groupKey, isResolved: false, params: { subject: "Disk of db1 is full", name: "Grafana", priority: "High" } });
    expect(reading).toMatchObject({ params: { message: expect.stringContaining("Panel: http://grafana.example/d/1?viewPanel=2") } });
  });

  it("falls back to its title and the alerts' fingerprints", async () => {
    const { groupKey, ...rest } = body;
    const reading = await tryPreset("grafana", {
      ...rest,
      commonLabels: {},
      commonAnnotations: {},
      alerts: [
        { ...ALERT, fingerprint: "b" },
        { ...ALERT, fingerprint: "a" },
      ],
    });
    expect(reading).toMatchObject({ key: "a,b", params: { subject: "[FIRING:1] DiskFull" } });
  });

  it("knows when it is over", async () => {
    expect(await tryPreset("grafana", { ...body, status: "resolved" })).toMatchObject({ isResolved: true, key: GROUP.groupKey });
  });
});

describe("GitHub", () => {
  const repository = { full_name: "example/app", html_url: "https://github.com/example/app" };
  const issue = { number: 7, title: "It burns", body: "On fire.\nReally.", html_url: "https://github.com/example/app/issues/7", user: { login: "ada" } };
  const as = (event: string) => ({ headers: { "x-github-event": event } });

  it("makes a ticket of an issue", async () => {
    expect(await tryPreset("github", { action: "opened", issue, repository, sender: { login: "ada" } }, as("issues"))).toMatchObject({
      key: "example/app#7",
      isResolved: false,
      params: { subject: "[example/app] It burns (#7)", message: "On fire.\nReally.\nhttps://github.com/example/app/issues/7", name: "ada" },
    });
  });

  it("reads an issue without words, and one that is sent as a form", async () => {
    const silent = { action: "opened", issue: { ...issue, body: null }, repository };
    const form = `payload=${encodeURIComponent(JSON.stringify(silent))}`;
    const reading = await tryPreset("github", form, { ...as("issues"), contentType: "application/x-www-form-urlencoded" });
    expect(reading).toMatchObject({ params: { message: "https://github.com/example/app/issues/7" } });
  });

  it("counts a comment for its issue, and closes with it", async () => {
    const comment = { body: "Me too.", html_url: "https://github.com/example/app/issues/7#issuecomment-1", user: { login: "eve" } };
    expect(await tryPreset("github", { action: "created", issue, comment, repository }, as("issue_comment"))).toMatchObject({
      key: "example/app#7",
      params: { message: expect.stringContaining("Me too."), name: "eve" },
    });
    expect(await tryPreset("github", { action: "closed", issue, repository }, as("issues"))).toEqual({
      kind: "mapped",
      key: "example/app#7",
      isResolved: true,
    });
  });

  it("opens nothing by a comment on an issue that is closed", async () => {
    const comment = { body: "Closing.", html_url: "https://github.com/example/app/issues/7#issuecomment-1", user: { login: "eve" } };
    const commented = (state: string) => tryPreset("github", { action: "created", issue: { ...issue, state }, comment, repository }, as("issue_comment"));
    expect(await commented("open")).toMatchObject({ key: "example/app#7", isResolved: false });
    expect(await commented("closed")).toMatchObject({ key: "example/app#7", isResolved: true });
  });

  it("makes a ticket of a workflow that fails, until it succeeds", async () => {
    const run = {
      name: "CI",
      workflow_id: 12,
      head_branch: "main",
      head_sha: "abc",
      conclusion: "failure",
      html_url: "https://github.com/example/app/actions/runs/1",
    };
    const failed = await tryPreset("github", { action: "completed", workflow_run: run, repository }, as("workflow_run"));
    expect(failed).toMatchObject({ key: "example/app workflow 12 on main", params: { subject: "[example/app] CI failed on main", name: "GitHub" } });
    const passed = await tryPreset("github", { action: "completed", workflow_run: { ...run, conclusion: "success" }, repository }, as("workflow_run"));
    expect(passed).toEqual({ kind: "mapped", key: "example/app workflow 12 on main", isResolved: true });
  });

  it("says when it happened", async () => {
    const updated_at = "2026-11-01T12:00:00Z";
    const instantOf = async (name: string, event: object) => Reflect.get(await tryPreset("github", { repository, ...event }, as(name)), "happenedAt");
    const comment = { body: "Me too.", created_at: "2026-11-01T11:00:00Z" };
    const run = { name: "CI", workflow_id: 12, head_branch: "main", conclusion: "failure", updated_at };
    expect(await instantOf("issues", { action: "closed", issue: { ...issue, updated_at } })).toBe(Date.parse(updated_at));
    expect(await instantOf("issue_comment", { action: "created", issue: { ...issue, updated_at }, comment })).toBe(Date.parse(comment.created_at));
    expect(await instantOf("workflow_run", { action: "completed", workflow_run: run })).toBe(Date.parse(updated_at));
    expect(await instantOf("dependabot_alert", { action: "fixed", alert: { number: 3, updated_at } })).toBe(Date.parse(updated_at));
  });

  it("wants no comment on a pull request", async () => {
    const comment = { body: "Looks good.", html_url: "https://github.com/example/app/pull/7#issuecomment-1", user: { login: "eve" } };
    const commented = (pull_request?: object | null) =>
      tryPreset("github", { action: "created", issue: { ...issue, pull_request }, comment, repository }, as("issue_comment"));
    expect(await commented({ url: "https://api.github.com/repos/example/app/pulls/7" })).toEqual({ kind: "unwanted" });
    for (const none of [undefined, null]) expect(await commented(none)).toMatchObject({ kind: "mapped", key: "example/app#7" });
  });

  it.each(["failure", "success"])("neither opens nor closes a ticket by a run of a fork: %s", async (conclusion) => {
    const run = (head_repository: object | null) => ({ name: "CI", workflow_id: 12, head_branch: "main", conclusion, head_repository });
    const read = (head_repository: object | null) =>
      tryPreset("github", { action: "completed", workflow_run: run(head_repository), repository }, as("workflow_run"));
    expect(await read({ full_name: "eve/app" })).toEqual({ kind: "unwanted" });
    expect(await read(null)).toEqual({ kind: "unwanted" });
    expect(await read(repository)).toMatchObject({ key: "example/app workflow 12 on main", isResolved: conclusion === "success" });
  });

  it("makes a ticket of a security alert, as urgent as it is", async () => {
    const alert = {
      number: 3,
      state: "open",
      html_url: "https://github.com/example/app/security/dependabot/3",
      security_advisory: { summary: "Prototype pollution", description: "Bad.", severity: "high" },
    };
    expect(await tryPreset("github", { action: "created", alert, repository }, as("dependabot_alert"))).toMatchObject({
      key: "example/app dependabot_alert 3",
      params: { subject: "[example/app] Prototype pollution", priority: "High" },
    });
  });

  it("wants no pushes and no labels", async () => {
    expect(await tryPreset("github", { ref: "refs/heads/main", repository }, as("push"))).toEqual({ kind: "unwanted" });
    expect(await tryPreset("github", { action: "labeled", issue, repository }, as("issues"))).toEqual({ kind: "unwanted" });
  });
});

describe("GitLab", () => {
  const project = { path_with_namespace: "example/app" };
  const user = { name: "Ada Lovelace", username: "ada", email: "ada@client.example" };
  const issue = {
    object_kind: "issue",
    user,
    project,
    object_attributes: {
      id: 301,
      iid: 23,
      title: "It burns",
      description: "On fire.",
      state: "opened",
      action: "open",
      url: "https://gitlab.example/example/app/-/issues/23",
    },
  };

  it("makes a ticket of an issue, opened by its author", async () => {
    expect(await tryPreset("gitlab", issue)).toMatchObject({
      key: "example/app#23",
      params: {
        subject: "[example/app] It burns (#23)",
        message: "On fire.\nhttps://gitlab.example/example/app/-/issues/23",
        name: "Ada Lovelace",
        email: "ada@client.example",
      },
    });
  });

  it("takes no address that GitLab hides", async () => {
    const reading = await tryPreset("gitlab", { ...issue, user: { ...user, email: "[REDACTED]" } });
    expect(reading.kind === "mapped" && reading.params).not.toHaveProperty("email");
  });

  it("counts a note for its issue and closes with it", async () => {
    const note = {
      object_kind: "note",
      user,
      project,
      object_attributes: { note: "Me too.", noteable_type: "Issue", url: "https://gitlab.example/n" },
      issue: { iid: 23, title: "It burns" },
    };
    expect(await tryPreset("gitlab", { ...note, issue: { ...note.issue, state: "closed" } })).toMatchObject({ key: "example/app#23", isResolved: true });
    expect(await tryPreset("gitlab", note)).toMatchObject({ key: "example/app#23", params: { message: expect.stringContaining("Me too.") } });
    expect(await tryPreset("gitlab", { ...issue, object_attributes: { ...issue.object_attributes, action: "close" } })).toMatchObject({
      isResolved: true,
      key: "example/app#23",
    });
  });

  it("makes a ticket of a pipeline that fails, until one passes", async () => {
    const pipeline = (status: string) => ({
      object_kind: "pipeline",
      user,
      project,
      commit: { id: "abc" },
      object_attributes: { id: 31, ref: "main", status, url: "https://gitlab.example/p/31" },
      builds: [
        { name: "test", status: "failed" },
        { name: "lint", status: "success" },
      ],
    });
    expect(await tryPreset("gitlab", pipeline("failed"))).toMatchObject({
      key: "example/app pipeline on main",
      params: { subject: "[example/app] Pipeline failed on main", message: expect.stringContaining("Failed jobs: test") },
    });
    const { object_attributes, ...passed } = pipeline("success");
    const over = { ...passed, object_attributes: { ...object_attributes, finished_at: "2026-11-01 12:00:00 UTC" } };
    expect(await tryPreset("gitlab", over)).toMatchObject({ isResolved: true, happenedAt: Date.parse("2026-11-01T12:00:00Z") });
    expect(await tryPreset("gitlab", pipeline("running"))).toEqual({ kind: "unwanted" });
  });
});

describe("Stripe", () => {
  const event = (type: string, object: object) => ({ id: "evt_1", object: "event", type, livemode: true, data: { object } });
  const invoice = {
    id: "in_1",
    object: "invoice",
    number: "A-1",
    amount_due: 1999,
    currency: "eur",
    status: "open",
    customer: "cus_1",
    customer_name: "Ada Lovelace",
    customer_email: "ada@client.example",
    next_payment_attempt: 1_767_225_600,
  };

  it("makes a ticket of an invoice that is not paid, in its customer's name, until it is", async () => {
    const reading = await tryPreset("stripe", event("invoice.payment_failed", invoice));
    expect(reading).toMatchObject({
      key: "in_1",
      isResolved: false,
      params: { subject: "Invoice A-1 was not paid: 19.99 EUR", name: "Ada Lovelace", email: "ada@client.example", priority: "Medium" },
    });
    expect(reading).toMatchObject({ params: { message: expect.stringContaining("Next attempt: 2026-01-01T00:00:00.000Z") } });
    expect(await tryPreset("stripe", event("invoice.paid", invoice))).toEqual({ kind: "mapped", key: "in_1", isResolved: true });
  });

  it.each([
    ["needs_response", false],
    ["under_review", false],
    ["won", true],
    ["lost", true],
  ])("takes a dispute that is updated to %s for over: %s", async (status, isResolved) => {
    const dispute = { id: "dp_1", object: "dispute", amount: 100, currency: "eur", status };
    expect(await tryPreset("stripe", event("charge.dispute.updated", dispute))).toMatchObject({ key: "dp_1", isResolved });
  });

  it("says when an event happened, as they come in any order", async () => {
    const reading = await tryPreset("stripe", { ...event("invoice.paid", invoice), created: 1_767_225_600 });
    expect(reading).toMatchObject({ happenedAt: Date.parse("2026-01-01T00:00:00Z") });
  });

  it.each([
    ["eur", 1999, "19.99 EUR"],
    ["krw", 5000, "5000 KRW"],
    ["isk", 500, "5.00 ISK"],
    ["ugx", 500, "5.00 UGX"],
    ["kwd", 1100, "1.100 KWD"],
    ["bhd", 5120, "5.120 BHD"],
    ["jod", 10, "0.010 JOD"],
    ["omr", 1_234_560, "1234.560 OMR"],
    ["tnd", 0, "0.000 TND"],
  ])("reads an amount in %s by its smallest unit: %d", async (currency, amount_due, told) => {
    const reading = await tryPreset("stripe", event("invoice.payment_failed", { ...invoice, currency, amount_due }));
    expect(reading).toMatchObject({ params: { subject: `Invoice A-1 was not paid: ${told}` } });
  });

  it("makes an urgent ticket of a dispute, in a currency without cents too", async () => {
    const dispute = {
      id: "dp_1",
      object: "dispute",
      amount: 5000,
      currency: "jpy",
      charge: "ch_1",
      reason: "fraudulent",
      status: "needs_response",
      evidence: { customer_name: null, customer_email_address: null },
      evidence_details: { due_by: 1_767_225_600 },
    };
    expect(await tryPreset("stripe", event("charge.dispute.created", dispute))).toMatchObject({
      key: "dp_1",
      params: { subject: "Payment disputed: 5000 JPY", priority: "High", name: "Stripe", message: expect.stringContaining("Answer by: 2026-01-01") },
    });
  });

  it("wants no other events", async () => {
    expect(await tryPreset("stripe", event("customer.created", { id: "cus_1", object: "customer" }))).toEqual({ kind: "unwanted" });
  });
});

describe("Sentry", () => {
  const as = (resource: string) => ({ headers: { "sentry-hook-resource": resource } });
  it("makes a ticket of an issue alert, and closes it with the issue", async () => {
    const event = {
      event_id: "e1",
      issue_id: "1170820242",
      title: "TypeError: undefined is not a function",
      culprit: "app in handle",
      level: "error",
      message: "",
      environment: "production",
      web_url: "https://sentry.example/issues/1170820242/",
    };
    const reading = await tryPreset(
      "sentry",
      { action: "triggered", data: { event, triggered_rule: "Very Important" }, installation: { uuid: "u" } },
      as("event_alert"),
    );
    expect(reading).toMatchObject({
      key: "issue 1170820242",
      params: { subject: "TypeError: undefined is not a function", priority: "High", message: expect.stringContaining("Rule: Very Important") },
    });
    const issue = { id: "1170820242", title: "TypeError", level: "error", project: { slug: "app" } };
    expect(await tryPreset("sentry", { action: "resolved", data: { issue } }, as("issue"))).toEqual({
      kind: "mapped",
      key: "issue 1170820242",
      isResolved: true,
    });
  });

  it("makes a ticket of a metric alert", async () => {
    const data = {
      metric_alert: { id: "5", title: "Failures", projects: ["app"] },
      description_title: "Critical: Failures",
      description_text: "12 events in 10 minutes",
      web_url: "https://sentry.example/alerts/5/",
    };
    expect(await tryPreset("sentry", { action: "critical", data }, as("metric_alert"))).toMatchObject({
      key: "metric alert 5",
      params: { subject: "Critical: Failures", priority: "High", message: expect.stringMatching(/^12 events in 10 minutes\n/) },
    });
    expect(await tryPreset("sentry", { action: "created", data: { issue: { id: "1" } } }, as("issue"))).toEqual({ kind: "unwanted" });
  });
});

describe("Slack", () => {
  it("makes a ticket of a slash command", async () => {
    const form = new URLSearchParams({
      token: "t",
      team_id: "T1",
      channel_name: "support",
      user_id: "U1",
      user_name: "ada",
      command: "/ticket",
      text: "It burns\nsince noon",
      trigger_id: "1.2",
    });
    const reading = await tryPreset("slack", form.toString(), { contentType: "application/x-www-form-urlencoded" });
    expect(reading).toMatchObject({
      kind: "mapped",
      params: { subject: "It burns", message: expect.stringContaining("since noon\n\nChannel: support\nWritten by: ada"), name: "ada" },
    });
    expect(reading).not.toHaveProperty("key");
  });

  it("makes one ticket of the mentions of a thread", async () => {
    const event = { type: "app_mention", user: "U1", text: "<@U0APP> it burns", ts: "1.0001", channel: "C1" };
    expect(await tryPreset("slack", { type: "event_callback", event_id: "Ev1", event })).toMatchObject({
      key: "C1 1.0001",
      params: { subject: "it burns", name: "U1" },
    });
    expect(await tryPreset("slack", { type: "event_callback", event_id: "Ev2", event: { ...event, ts: "1.0002", thread_ts: "1.0001" } })).toMatchObject({
      key: "C1 1.0001",
    });
  });

  it("makes a ticket of a message that somebody sends on", async () => {
    const payload = {
      type: "message_action",
      callback_id: "ticket",
      user: { id: "U2", name: "eve" },
      channel: { id: "C1", name: "support" },
      message: { user: "U1", text: "It burns", ts: "1.0001" },
    };
    const form = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
    expect(await tryPreset("slack", form, { contentType: "application/x-www-form-urlencoded" })).toMatchObject({
      key: "C1 1.0001",
      params: { subject: "It burns", name: "eve", message: expect.stringContaining("Written by: U1") },
    });
  });

  const direct = { type: "message", channel_type: "im", user: "U1", text: "Hello", ts: "1.1", channel: "D1" };
  const written = (event: object) => tryPreset("slack", { type: "event_callback", event_id: "Ev1", event: { ...direct, ...event } });

  it.each([
    ["R&amp;D: 1 &lt; 2 &gt; 0", "R&D: 1 < 2 > 0"],
    ["&amp;lt; is written &lt;https://x.example|y&gt;", "&lt; is written <https://x.example|y>"],
    ["<https://x.example/a?b=1&amp;c=2|the plan>", "the plan (https://x.example/a?b=1&c=2)"],
    ["<https://x.example> <https://y.example|>", "https://x.example https://y.example"],
    ["<mailto:ada@client.example|ada@client.example>", "ada@client.example"],
    ["<mailto:ada@client.example|Ada>", "Ada (mailto:ada@client.example)"],
    ["in <#C1|gen>, <#C2|> and <#C3>", "in #gen, #C2 and #C3"],
    ["<@U1|ada> and <@U2>", "@ada and @U2"],
    ["<!here> <!channel|channel> <!subteam^S1|@team> <!subteam^S2>", "@here @channel @team @subteam^S2"],
    ["<!date^1392734382^{date_num}|18 February>", "18 February"],
    ["a < b", "a < b"],
  ])("reads %s as people see it", async (text, told) => {
    expect(await written({ text })).toMatchObject({ params: { subject: told, message: `${told}\n\nChannel: D1\nWritten by: U1` } });
    const form = new URLSearchParams({ command: "/ticket", text, user_name: "ada" }).toString();
    expect(await tryPreset("slack", form, { contentType: "application/x-www-form-urlencoded" })).toMatchObject({ params: { subject: told } });
  });

  it("keeps the lines of a message, and all mentions but the app's", async () => {
    const event = { type: "app_mention", user: "U1", text: "<@U2> and <@U0APP>\n<@U3>: it burns\n\nsince noon", ts: "1.1", channel: "C1" };
    const known = { type: "event_callback", event_id: "Ev1", event, authorizations: [{ user_id: "U0APP", is_bot: true }] };
    expect(await tryPreset("slack", known)).toMatchObject({
      params: { subject: "@U2 and ", message: expect.stringMatching(/^@U2 and \n@U3: it burns\n\nsince noon\n/) },
    });
    const unknown = { ...known, authorizations: undefined, event: { ...event, text: "<@U0APP>\n<@U3>: it burns" } };
    expect(await tryPreset("slack", unknown)).toMatchObject({ params: { subject: "@U3: it burns" } });
  });

  it("reads a long text of links, or of brackets, in time", async () => {
    for (const piece of ["<https://x.example|y> ", "<", "<!subteam^", "<mailto:a|", " "]) {
      const startedAt = performance.now();
      expect(await written({ text: `x${piece.repeat(40_000 / piece.length)}` })).toMatchObject({ kind: "mapped" });
      expect(performance.now() - startedAt).toBeLessThan(3000);
    }
  });

  it("makes a ticket of a direct message with files, and names them", async () => {
    const files = [
      { id: "F1", name: "plan.pdf", permalink: "https://example.slack.com/files/U1/F1/plan.pdf" },
      { id: "F2", name: "b.txt" },
      { id: "F3", name: null },
    ];
    expect(await written({ subtype: "file_share", text: "See the plan", files })).toMatchObject({
      key: "D1 1.1",
      params: {
        subject: "See the plan",
        message: expect.stringContaining("Files: plan.pdf (https://example.slack.com/files/U1/F1/plan.pdf), b.txt\n"),
        name: "U1",
      },
    });
    expect(await written({ subtype: "file_share", text: "", files })).toMatchObject({ params: { subject: "Message from Slack" } });
  });

  it.each(["thread_broadcast", "me_message"])("wants what a person writes as %s", async (subtype) => {
    expect(await written({ subtype, text: "It burns" })).toMatchObject({ params: { subject: "It burns" } });
  });

  it.each([
    ["of a bot", { bot_id: "B1" }],
    ["of a bot, with a file", { bot_id: "B1", subtype: "file_share" }],
    ["that was edited", { subtype: "message_changed" }],
    ["that was deleted", { subtype: "message_deleted" }],
    ["that somebody has joined", { subtype: "channel_join" }],
  ])("wants no message %s", async (_what, event) => {
    expect(await written(event)).toEqual({ kind: "unwanted" });
  });
});

describe("events without a known form", () => {
  it("of plain JSON give their fields as they are called", async () => {
    const body = { subject: "It burns", message: "On fire.", name: "Ada", email: "ada@client.example", deptid: 1, priority: "High", else: true };
    expect(await tryPreset("json", body)).toMatchObject({
      params: { subject: "It burns", message: "On fire.", name: "Ada", email: "ada@client.example", deptid: 1, priority: "High" },
    });
  });

  it("of plain JSON may stand alone in a list", async () => {
    expect(await tryPreset("json", [{ subject: "It burns", message: "On fire." }])).toMatchObject({ params: { subject: "It burns", message: "On fire." } });
  });

  it("of plain JSON without them are shown as they came", async () => {
    expect(await tryPreset("json", { title: "It burns", level: 3 })).toMatchObject({
      params: { subject: "It burns", message: '{\n  "title": "It burns",\n  "level": 3\n}' },
    });
    expect(await tryPreset("json", { level: 3 })).toMatchObject({ params: { subject: "Event of my-source" } });
  });

  it("of Standard Webhooks are read below data", async () => {
    const event = { type: "order.failed", timestamp: "2026-11-01T12:00:00Z", data: { description: "No stock", email: "ada@client.example", name: "Ada" } };
    expect(await tryPreset("standard-webhooks", event)).toMatchObject({
      params: { subject: "order.failed", message: "No stock", email: "ada@client.example" },
    });
    expect(await tryPreset("standard-webhooks", { type: "order.failed", data: { order: 7 } })).toMatchObject({ params: { message: '{\n  "order": 7\n}' } });
  });

  it("of Standard Webhooks without data are shown as they came", async () => {
    expect(await tryPreset("standard-webhooks", { test: 2_432_232_314 })).toMatchObject({
      params: { subject: "Event of my-source", message: '{\n  "test": 2432232314\n}' },
    });
  });
});
