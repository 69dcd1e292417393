import { labelled, lines, type Preset, WEEK_S } from "./preset.ts";
import { plainText } from "./slack-text.ts";

/**
 * Slack, and what signs as Slack does: a slash command, a shortcut on a message, a mention of the app, a direct message to
 * it, with files or without. Messages of a thread are one ticket. What bots write, edits, and what Slack itself notes are ignored.
 */
const IS_COMMAND = '$exists(command) and $trim(text) != ""';
const IS_SHORTCUT = 'type = "message_action"';
const IS_MESSAGE =
  'type = "event_callback" and (event.type = "app_mention" or (event.type = "message" and event.channel_type = "im")) and $not($exists(event.bot_id)) and ($not($exists(event.subtype)) or event.subtype in ["file_share", "thread_broadcast", "me_message"])';
/** The app itself in a mention of it, which says nothing; where it is not told who that is, whoever is named first. */
const OF_APP = '(authorizations[is_bot = true] ? "<@" & authorizations[is_bot = true][0].user_id & ">" : /^\\s*<@[A-Z0-9]+>/)';
const OF_EVENT = `(event.type = "app_mention" ? $replace(event.text, ${OF_APP}, "") : event.text)`;
/** `$trim` would make one line of it. */
const TEXT = `$replace(${plainText(`(command ? text : message ? message.text : ${OF_EVENT})`)}, /^\\s+/, "")`;
/** Files stay at Slack: they are named, with their links. */
const FILES = '$join((message ? message : event).files[$type(name) = "string"].(name & ($type(permalink) = "string" ? " (" & permalink & ")" : "")), ", ")';
/** The first line, cut at a length that lists show. */
const MAX_SUBJECT = 120;

export const slackPreset: Preset = {
  mapping: {
    when: `(${IS_COMMAND}) or (${IS_SHORTCUT}) or (${IS_MESSAGE})`,
    ticket: {
      subject: `($line := $split(${TEXT}, "\\n")[0]; $trim($line) = "" ? "Message from Slack" : $substring($line, 0, ${MAX_SUBJECT}))`,
      message: lines(
        TEXT,
        '""',
        labelled("Files", FILES),
        labelled("Channel", "(channel_name ? channel_name : channel.name ? channel.name : event.channel)"),
        labelled("Written by", "(command ? user_name : message ? message.user : event.user)"),
        labelled("Sent on by", "(message ? (user.username ? user.username : user.name))"),
      ),
      name: "(user_name ? user_name : user.username ? user.username : user.name ? user.name : event.user)",
    },
  },
  correlation: {
    key: '(event ? event.channel & " " & (event.thread_ts ? event.thread_ts : event.ts) : message ? channel.id & " " & (message.thread_ts ? message.thread_ts : message.ts))',
    windowSeconds: WEEK_S,
    onResolved: "close",
    afterResolved: "reopen",
  },
};
