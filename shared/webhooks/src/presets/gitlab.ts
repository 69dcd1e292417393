import { labelled, lines, type Preset, priorityBy, QUARTER_S } from "./preset.ts";

/**
 * GitLab: issues and notes on them, pipelines that fail, and vulnerabilities. Pushes, merge requests and all else are
 * ignored. One ticket for each issue, vulnerability, or branch whose pipelines fail; closed with it.
 */
const IS_ISSUE = 'object_kind in ["issue", "work_item"] and object_attributes.action in ["open", "reopen", "close"]';
const IS_NOTE = 'object_kind = "note" and object_attributes.noteable_type = "Issue" and $not(object_attributes.system = true)';
const IS_PIPELINE = 'object_kind = "pipeline" and object_attributes.status in ["failed", "success"]';
const IS_VULNERABILITY = 'object_kind = "vulnerability"';

export const gitlabPreset: Preset = {
  mapping: {
    when: `(${IS_ISSUE}) or (${IS_NOTE}) or (${IS_PIPELINE}) or (${IS_VULNERABILITY})`,
    ticket: {
      subject:
        '"[" & project.path_with_namespace & "] " & (object_kind = "pipeline" ? "Pipeline failed on " & object_attributes.ref : object_kind = "note" ? issue.title & " (#" & issue.iid & ")" : object_kind = "vulnerability" ? object_attributes.title : object_attributes.title & " (#" & object_attributes.iid & ")")',
      message: lines(
        '(object_kind = "note" ? object_attributes.note : object_attributes.description)',
        labelled("Failed jobs", '$join(builds[status = "failed"].name, ", ")'),
        labelled("Commit", "commit.id"),
        labelled("Severity", "object_attributes.severity"),
        "object_attributes.url",
      ),
      name: '(user.name ? user.name : "GitLab")',
      // GitLab shows addresses of its users only where they have published them.
      email: "$contains($string(user.email), /^[^@\\s\\[]+@[^@\\s]+$/) ? user.email",
      priority: `object_kind = "vulnerability" ? ${priorityBy("object_attributes.severity")} : "Medium"`,
    },
  },
  correlation: {
    key: 'project.path_with_namespace & (object_kind = "pipeline" ? " pipeline on " & object_attributes.ref : object_kind = "note" ? "#" & issue.iid : object_kind = "vulnerability" ? " vulnerability " & (object_attributes.id ? object_attributes.id : object_attributes.url) : "#" & object_attributes.iid)',
    windowSeconds: QUARTER_S,
    happenedAt: "(object_attributes.finished_at ? object_attributes.finished_at : object_attributes.updated_at)",
    resolved:
      '(object_kind in ["issue", "work_item"] and object_attributes.action = "close") or (object_kind = "note" and issue.state = "closed") or (object_kind = "pipeline" and object_attributes.status = "success") or (object_kind = "vulnerability" and object_attributes.state in ["resolved", "dismissed"])',
    onResolved: "close",
    afterResolved: "reopen",
  },
};
