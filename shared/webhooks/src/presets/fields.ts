import type { Preset } from "./preset.ts";

/**
 * Events without a form that is known: fields are taken as they are called. `at` is the expression of the object that holds
 * them (without one, the event itself is the message), `fallback` of what stands in for a subject. Every event stands alone.
 */
export function fieldsPreset(at: string, fallback: string): Preset {
  const first = (...names: readonly string[]) =>
    names.map((name) => `$exists(${at}.${name}) and ${at}.${name} != "" and ${at}.${name} != null ? ${at}.${name}`).join(" : ");
  return {
    mapping: {
      ticket: {
        subject: `$string(${first("subject", "title", "summary")} : ${fallback})`,
        message: `$string(${first("message", "description", "text", "body")} : $exists(${at}) ? $string(${at}, true) : $string($, true))`,
        name: first("name"),
        email: first("email"),
        ...asNamed(at, [
          "deptid",
          "clientid",
          "userid",
          "contactid",
          "priority",
          "serviceid",
          "domainid",
          "markdown",
          "customfields",
          "noemail",
          "preventClientClosure",
        ]),
      },
    },
  };
}

function asNamed(at: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, `${at}.${name}`]));
}
