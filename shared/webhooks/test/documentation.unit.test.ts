import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkDefinition } from "../src/index.ts";

const folder = new URL("../../../docs/webhooks/", import.meta.url);
const pages = readdirSync(folder).map((name) => ({ name, text: readFileSync(new URL(name, folder), "utf8") }));

/** What a page has its reader put into a file, and the JSON that it shows. */
function definitionsIn(text: string): object[] {
  const echoed = [...text.matchAll(/^echo '(\{.*\})' > /gm)].map(([, json = ""]) => json);
  const shown = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json = ""]) => json);
  // A text with an ellipsis stands for one that the reader has.
  return [...echoed, ...shown].filter((json) => !json.includes("…")).map((json) => sourceIn(JSON.parse(json)));
}

/** Without what `POST /v1/webhook-sources` takes beside a definition. */
function sourceIn({ name, secret, generateSecret, ...definition }: Record<string, unknown>): object {
  return definition;
}

describe("the pages about webhooks", () => {
  it.each(pages.filter(({ text }) => definitionsIn(text).length > 0))("$name shows sound definitions", async ({ text }) => {
    for (const definition of definitionsIn(text))
      expect(await checkDefinition(definition, { find: async (address) => ({ address }) })).toMatchObject({ kind: "sound" });
  });

  it("are there for every kind of events that has a preset", () => {
    const kinds = ["standard-webhooks", "github", "gitlab", "stripe", "sentry", "alertmanager", "grafana", "slack", "json"];
    for (const kind of kinds) expect(definitionsIn(pages.find(({ name }) => name === `${kind}.md`)?.text ?? "")).toMatchObject([{ kind }]);
  });
});
