import type { DefinitionFault } from "@openticket/webhooks";
import { CliFailure } from "../failure.ts";

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** What is said of a change, and below it the secret that was made, this once. */
export function withSecret(said: string, secret: { id: string; secret: string } | undefined): string {
  return secret ? `${said}\n\nsecret  ${secret.secret}\nid      ${secret.id}\n\nThe secret is not shown again.` : said;
}

/** Every fault of what was asked for, with its path. */
export function faulty(faults: readonly DefinitionFault[]): CliFailure {
  return new CliFailure(faults.map(({ path, message }) => `${path || "(all)"}: ${message}`).join("\n"));
}

/** The value of `--expire-others`, s. */
export function secondsIn(text: string): number {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (count === undefined) throw new CliFailure(`--expire-others takes a time such as 24h, 30m or 0s, not ${text}.`, 2);
  return Number(count) * SECONDS[unit as keyof typeof SECONDS];
}
