import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkDefinition } from "../src/index.ts";

const folder = new URL("../../../docs/webhooks/", import.meta.url);
const pages = readdirSync(folder).map((name) => ({ name, text: readFileSync(new URL(name, folder), "utf8") }));

/** What a page has its reader put into a file, and the JSON that it shows. */
function definitionsIn(text: string): Record<string, unknown>[] {
  const echoed = [...text.matchAll(/^echo '(\{.*\})' > /gm)].map(([, json = ""]) => json);
  const shown = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json = ""]) => json);
  return [...echoed, ...shown].map((json) => JSON.parse(json) as Record<string, unknown>);
}

describe("the pages about webhooks", () => {
  it.each(pages.filter(({ text }) => definitionsIn(text).length > 0))("$name shows sound definitions", async ({ text }) => {
    // Some show the body of a POST, which has the name and the secret beside the definition.
    for (const { name: _name, secret: _secret, ...definition } of definitionsIn(text))
      expect(await checkDefinition(definition, { find: async (address) => ({ address }) })).toMatchObject({ kind: "sound" });
  });

  it("are there for every kind of events that has a preset", () => {
    const kinds = ["standard-webhooks", "github", "gitlab", "stripe", "sentry", "alertmanager", "grafana", "slack", "json"];
    for (const kind of kinds) expect(definitionsIn(pages.find(({ name }) => name === `${kind}.md`)?.text ?? "")).toMatchObject([{ kind }]);
  });
});
