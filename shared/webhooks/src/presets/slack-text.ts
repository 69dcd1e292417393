/**
 * What Slack writes in its own way: links, mentions and channels stand in angle brackets, with a label behind a bar, and the
 * three characters that this takes are escaped where somebody wrote them. So no brackets are left when escapes are read.
 * Source: docs.slack.dev, "Formatting message text".
 */
const READ_AS: readonly (readonly [pattern: string, as: string])[] = [
  ["/<!subteam\\^[^<>|]*\\|@?([^<>|]+)>/", "@$1"],
  ["/<!date\\^[^<>|]*\\|([^<>|]+)>/", "$1"],
  ["/<!([^<>|]+)(\\|[^<>]*)?>/", "@$1"],
  ["/<([#@])[^<>|]*\\|([^<>|]+)>/", "$1$2"],
  ["/<([#@][^<>|]+)\\|?>/", "$1"],
  ["/<(mailto|tel):([^<>|]+)(\\|\\2)?>/", "$2"],
  ["/<([^<>|]+)\\|([^<>]+)>/", "$2 ($1)"],
  ["/<([^<>|]+)\\|?>/", "$1"],
  ['"&lt;"', "<"],
  ['"&gt;"', ">"],
  ['"&amp;"', "&"],
];

/** The text that an expression yields, as people see it in Slack. */
export function plainText(expression: string): string {
  return READ_AS.reduce((text, [pattern, as]) => `$replace(${text}, ${pattern}, "${as}")`, expression);
}
