import { labelled, lines, type Preset, priorityBy, QUARTER_S } from "./preset.ts";

/**
 * GitHub: issues and their comments, runs of workflows that fail, and security alerts. Pushes, pull requests, runs of forks
 * and all else are the developers', and are ignored. One ticket for each issue, alert, or workflow on a branch; closed with it.
 */
const EVENT = "$headers.`x-github-event`";
const ALERTS = '["dependabot_alert", "code_scanning_alert", "secret_scanning_alert"]';
const IS_ISSUE = `${EVENT} = "issues" and action in ["opened", "reopened", "closed"]`;
/** A pull request is an issue too, with a link to itself; some forges send null with any other. */
const IS_COMMENT = `${EVENT} = "issue_comment" and action = "created" and (issue.pull_request ? false : true)`;
/** A fork has branches of the same names, and its runs come from pull requests. */
const IS_OWN_RUN = "$not($exists(workflow_run.head_repository)) or workflow_run.head_repository.full_name = repository.full_name";
const IS_RUN = `${EVENT} = "workflow_run" and action = "completed" and workflow_run.conclusion in ["failure", "timed_out", "startup_failure", "success"] and (${IS_OWN_RUN})`;
const IS_ALERT = `${EVENT} in ${ALERTS} and action in ["created", "reopened", "reopened_by_user", "auto_reopened", "reintroduced", "appeared_in_branch", "fixed", "dismissed", "auto_dismissed", "closed_by_user", "resolved"]`;
/** What is said on an issue that is closed opens nothing. */
const IS_OVER = `(${EVENT} = "issues" and action = "closed") or (${EVENT} = "issue_comment" and issue.state = "closed") or (${EVENT} = "workflow_run" and workflow_run.conclusion = "success") or (${EVENT} in ${ALERTS} and action in ["fixed", "dismissed", "auto_dismissed", "closed_by_user", "resolved"])`;

export const githubPreset: Preset = {
  mapping: {
    when: `(${IS_ISSUE}) or (${IS_COMMENT}) or (${IS_RUN}) or (${IS_ALERT})`,
    ticket: {
      subject: `"[" & repository.full_name & "] " & (issue ? issue.title & " (#" & issue.number & ")" : workflow_run ? workflow_run.name & " failed on " & workflow_run.head_branch : alert.security_advisory.summary ? alert.security_advisory.summary : alert.rule.description ? alert.rule.description : alert.secret_type_display_name ? "Secret found: " & alert.secret_type_display_name : "Security alert " & alert.number)`,
      message: lines(
        "(comment ? comment.body : issue.body)",
        labelled("Conclusion", "workflow_run.conclusion"),
        labelled("Commit", "workflow_run.head_sha"),
        "alert.security_advisory.description",
        "alert.most_recent_instance.message.text",
        "(comment ? comment.html_url : issue ? issue.html_url : workflow_run ? workflow_run.html_url : alert.html_url)",
      ),
      name: '(comment ? comment.user.login : issue ? issue.user.login : "GitHub")',
      priority: `${EVENT} = "secret_scanning_alert" ? "High" : ${priorityBy("(alert.security_advisory.severity ? alert.security_advisory.severity : alert.rule.security_severity_level)")}`,
    },
  },
  correlation: {
    key:
      'repository.full_name & (issue ? "#" & issue.number : workflow_run ? " workflow " & workflow_run.workflow_id & " on " & workflow_run.head_branch : " " & ' +
      EVENT +
      ' & " " & alert.number)',
    windowSeconds: QUARTER_S,
    happenedAt: "(comment ? comment.created_at : issue ? issue.updated_at : workflow_run ? workflow_run.updated_at : alert.updated_at)",
    resolved: IS_OVER,
    onResolved: "close",
    afterResolved: "reopen",
  },
};
