import { mkdir, readFile, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

/**
 * Versions of the product that break a promise on purpose: a harness that passes them would prove nothing.
 *
 * Each replaces exact pieces of source text while bundling; a piece that is not found, or found twice, is an error, so
 * that no change of the product turns a mutant into the product itself.
 */
interface Replacement {
  file: string;
  from: string;
  to: string;
}

const COMMITTER = "shared/store/src/ticket-committer.ts";
const DISPATCHER = "services/worker/src/outbox/dispatcher.ts";
const ACCEPT = "services/ingress/src/intake/accept.ts";
const RECEIVE_MAIL = "services/ingress/src/intake/receive-mail.ts";
const RECEIVE_WEBHOOK = "services/ingress/src/intake/receive-webhook.ts";

export const BREAKS: Record<string, readonly Replacement[]> = {
  /** Nothing in the store says that a request has its ticket. */
  "no-unique-index": [
    {
      file: COMMITTER,
      from: "toDocument({ ...draft, id,",
      to: "toDocument({ ...draft, _id: draft._id + Math.random(), id,",
    },
  ],
  /** The requester hears of its ticket while that is still on its way. */
  "ack-before-commit": [
    {
      file: COMMITTER,
      from: "const { taken, refused, stored } = await insertBatch(undecided, deps.db, deps.tickets.collectionName);",
      to: "const [stored, taken, refused] = [undecided, { identity: [], number: [] }, []]; setTimeout(() => insertBatch(stored, deps.db, deps.tickets.collectionName).catch(() => undefined), 20);",
    },
  ],
  /** A mail counts as delivered before the relay has it. */
  "mark-before-sending": [
    {
      file: DISPATCHER,
      from: "await deps.deliver(record, entry);",
      to: "await deps.outbox.markDelivered([{ identity: record._id, key: entry.key }], deps.now()); await deps.deliver(record, entry);",
    },
  ],
  /** Nobody looks for deliveries that did not get done. */
  "no-relay": [{ file: DISPATCHER, from: "const begun = beginOverdue(deps);", to: "const begun = beginOverdue ? Promise.resolve([]) : beginOverdue(deps);" }],
  /** A 202 that rests on Redis alone. */
  "no-receipt": [
    {
      file: ACCEPT,
      from: "const standing = await keepReceipt(marked, deps);",
      to: "const standing = undefined;",
    },
  ],
  /** A sender hears 250 while the record of its mail is still on its way. */
  "ack-before-store": [
    {
      file: RECEIVE_MAIL,
      from: "const accepted = await Promise.all(records.map((record) => accept(record, deps)));",
      to: "const accepted = records.map(({ record }) => ({ record, isRepetition: false })); const later = () => records.forEach((named) => accept(named, deps).then(({ record }) => submit(record, deps)).catch(() => undefined)); setTimeout(later, 2000);",
    },
    { file: RECEIVE_MAIL, from: "for (const { record } of accepted) submit(record, deps);", to: "" },
  ],
  /** A provider hears 200 while the record of its event is still on its way. */
  "ack-before-event-store": [
    {
      file: RECEIVE_WEBHOOK,
      from: "const { kind } = await deps.inbound.accept(record);",
      to: "const kind: string = 'accepted'; const later = () => deps.inbound.accept(record).then(() => deps.submitEvent(inboundCommandOf(record))).catch(() => undefined); setTimeout(later, 2000);",
    },
    { file: RECEIVE_WEBHOOK, from: "deps.submitEvent(inboundCommandOf(record)).catch((error: unknown) => deps.onNotEnqueued(record._id, error));", to: "" },
  ],
  /** An event is named by its body alone, which a provider may write anew each time. */
  "event-id-forgotten": [{ file: RECEIVE_WEBHOOK, from: "id === undefined ? `body", to: "id !== '' ? `body" }],
};

/** Breaks of one kind of door, and the doors that find them: among other requests a short run has too few for it. */
export const BREAK_DOORS: Readonly<Record<string, string>> = {
  "ack-before-store": "mail",
  "ack-before-event-store": "webhook",
  "event-id-forgotten": "webhook",
};

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Paths of what is run. */
export interface Programs {
  worker: string;
  door: string;
  mailDoor: string;
  cli: string;
}

/** Bundles the programs of a run into `folder`, so that no build meanwhile changes them; with a break when one is named. */
export async function buildPrograms(name: string | undefined, folder: string): Promise<Programs> {
  const replacements = name === undefined ? [] : BREAKS[name];
  if (!replacements) throw new Error(`no such break: ${name}; there are ${Object.keys(BREAKS).join(", ")}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  // The bundles look for their npm packages from where they are.
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const replaced = new Set<Replacement>();
  const bundle = async (entry: string, file: string) => {
    const outfile = join(folder, file);
    await build({
      entryPoints: [join(ROOT, entry)],
      outfile,
      absWorkingDir: join(ROOT, dirname(entry)),
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
      logLevel: "warning",
      plugins: [npmPackagesStayOutside, replacing(replacements, replaced)],
    });
    return outfile;
  };
  const programs = {
    worker: await bundle("services/worker/src/main.ts", "worker.mjs"),
    door: await bundle("services/ingress/src/main-http.ts", "door.mjs"),
    mailDoor: await bundle("services/ingress/src/main-email.ts", "mail-door.mjs"),
    cli: await bundle("services/cli/src/main.ts", "cli.mjs"),
  };
  await bundle("services/worker/src/notify/relay-thread.ts", "relay-thread.mjs");
  await bundle("shared/mail/src/reader/thread.ts", "mail-thread.mjs");
  await bundle("shared/webhooks/src/mapping/evaluator.ts", "event-evaluator.mjs");
  await bundle("shared/webhooks/src/mapping/thread.ts", "event-thread.mjs");
  const missing = replacements.find((replacement) => !replaced.has(replacement));
  if (missing) throw new Error(`${name}: ${missing.file} is in none of the programs`);
  return programs;
}

const npmPackagesStayOutside: Plugin = {
  name: "npm-packages-stay-outside",
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, kind }) => (kind === "entry-point" || path.startsWith("@openticket/") ? undefined : { path, external: true }));
  },
};

function replacing(replacements: readonly Replacement[], replaced: Set<Replacement>): Plugin {
  return {
    name: "break",
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const own = replacements.filter(({ file }) => path === join(ROOT, file));
        if (own.length === 0) return undefined;
        let contents = await readFile(path, "utf8");
        for (const replacement of own) {
          contents = replaceOnce(contents, replacement);
          replaced.add(replacement);
        }
        return { contents, loader: "ts" };
      });
    },
  };
}

function replaceOnce(text: string, { file, from, to }: Replacement): string {
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`${file} holds ${parts.length - 1} times what is to be replaced, expected once: ${from}`);
  return parts.join(to);
}
