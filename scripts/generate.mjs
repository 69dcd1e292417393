// Writes what is made from the code: the JSON Schemas of the queue's contract, and the table of environment variables.
// With --check it writes nothing and fails when the repository holds something else.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { register } from "tsx/esm/api";
import { z } from "zod";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const isCheck = process.argv.includes("--check");

register();
const contract = await import("../shared/contract/src/index.ts");
const { httpConfig } = await import("../services/ingress/src/config.ts");
const { emailConfig } = await import("../services/ingress/src/email-config.ts");
const { workerConfig } = await import("../services/worker/src/config.ts");
const { standaloneConfig } = await import("../services/standalone/src/config.ts");

const stale = [...schemaFiles(), configurationPage()].filter(([path, content]) => !isCurrent(path, content));
if (isCheck && stale.length > 0) {
  console.error(`not what the code says: ${stale.map(([path]) => path).join(", ")}; run node scripts/generate.mjs`);
  process.exit(1);
}
for (const [path, content] of isCheck ? [] : stale) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
  console.log(`wrote ${path}`);
}

function schemaFiles() {
  const schemas = {
    "open-ticket-command": [contract.openTicketCommand, "Data of a job OpenTicket on the queue open-ticket. Only `ticket` is required of a producer."],
    "add-ticket-reply-command": [
      contract.addTicketReplyCommand,
      "Data of a job AddTicketReply on the queue open-ticket. Only `ticket` is required of a producer.",
    ],
    "open-ticket-reply": [contract.replyMessage, "Data of a job OpenTicketReply on the requester's reply queue."],
    "request-status-question": [contract.statusQuestion, "Data of a job RequestStatus on the queue open-ticket-status."],
    "request-status-answer": [contract.statusAnswer, "Data of a job RequestStatus on the asker's reply queue."],
    "webhook-event": [contract.webhookEvent, "Body of a call to an endpoint that hears of our events."],
  };
  return Object.entries(schemas).map(([name, [schema, description]]) => {
    const json = z.toJSONSchema(schema, { target: "draft-2020-12", io: "input", unrepresentable: "any" });
    const open = name.endsWith("-command") ? { ...json, required: ["ticket"], additionalProperties: true } : json;
    const published = { $schema: json.$schema, $id: `urn:openticket:${name}:v${contract.CONTRACT_VERSION}`, title: name, description, ...open };
    return [`docs/schema/${name}.v${contract.CONTRACT_VERSION}.json`, `${JSON.stringify(published, null, 2)}\n`];
  });
}

function configurationPage() {
  const tables = {
    "HTTP door": httpConfig,
    "Email door": emailConfig,
    Worker: workerConfig,
    "Standalone (`npm start`), beside those of the services; all metrics are at the HTTP door": standaloneConfig,
  };
  const text = Object.entries(tables).map(([title, schema]) => `## ${title}\n\n| variable | default | what it is |\n| --- | --- | --- |\n${rows(schema)}\n`);
  return [
    "docs/configuration.md",
    `# Environment variables\n\nMade from the schemas by \`node scripts/generate.mjs\`. A wrong value stops the start with what was expected.\n\n${text.join("\n")}`,
  ];
}

function rows(schema) {
  return Object.entries(schema.shape)
    .map(([name, field]) => {
      const { success, data } = field.safeParse(undefined);
      const shown = success ? (data === undefined || data === "" || data.length === 0 ? "–" : `\`${data}\``) : "required";
      const said = (descriptionOf(field) ?? "").replaceAll("|", "\\|") + rangeOf(field);
      return `| \`${name}\` | ${shown} | ${said} |`;
    })
    .join("\n");
}

function descriptionOf(field) {
  return field.description ?? (field.def.innerType && descriptionOf(field.def.innerType));
}

/** Of a number, in words. */
function rangeOf(field) {
  const { range } = field.meta() ?? {};
  if (range) return ` (${range.min} to ${range.max})`;
  return field.def.innerType ? rangeOf(field.def.innerType) : "";
}

function isCurrent(path, content) {
  try {
    return readFileSync(join(root, path), "utf8") === content;
  } catch {
    return false;
  }
}
