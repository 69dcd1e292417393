// Bundles every `services/*/src/main*.ts` to `services/*/dist/<name>.js`; called from a service's folder, that service alone.
// The workspaces' own packages are bundled in (they publish TypeScript), npm packages stay imports. A service that starts
// threads gets their bundles beside it.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const OWN_SCOPE = "@openticket/";
/** Who starts a thread or process, its entry, and its name beside the bundle. */
const THREADS = [
  { starter: "services/worker/src/notify/start-relay-thread.ts", entry: "services/worker/src/notify/relay-thread.ts", name: "relay-thread" },
  { starter: "shared/mail/src/reader/reading-thread.ts", entry: "shared/mail/src/reader/thread.ts", name: "mail-thread" },
  { starter: "shared/webhooks/src/mapping/event-reader.ts", entry: "shared/webhooks/src/mapping/evaluator.ts", name: "event-evaluator" },
  { starter: "shared/webhooks/src/mapping/event-reader.ts", entry: "shared/webhooks/src/mapping/thread.ts", name: "event-thread" },
];

const services = chosenServices(process.cwd());
const built = await Promise.allSettled(services.map(buildService));
// esbuild has said what is wrong, with the place.
if (built.some(isUnexpected)) throw built.find(isUnexpected).reason;
if (built.some(({ status }) => status === "rejected")) process.exit(1);
const names = built.flatMap(({ value }) => value);
if (names.length === 0) {
  console.error(`nothing to build: no services/*/src/main*.ts below ${root}`);
  process.exit(1);
}
console.log(`built ${names.join(", ")}`);

function isUnexpected({ reason }) {
  return reason !== undefined && !reason.errors;
}

/** The service whose folder this was called in, else all. */
function chosenServices(cwd) {
  const [top, name] = relative(root, cwd).split(sep);
  if (top === "services" && name) return [name];
  return readdirSync(join(root, "services"));
}

async function buildService(name) {
  const folder = join(root, "services", name);
  const entryPoints = mainFiles(join(folder, "src"));
  if (entryPoints.length === 0) return [];
  rmSync(join(folder, "dist"), { recursive: true, force: true });
  const { metafile } = await bundle(folder, { entryPoints });
  const built = entryPoints.map((path) => `services/${name}/dist/${basename(path, ".ts")}.js`);
  const threads = THREADS.filter(({ starter }) => holds(metafile, folder, starter));
  if (threads.length === 0) return built;
  await bundle(folder, { entryPoints: threads.map((thread) => ({ in: join(root, thread.entry), out: thread.name })), outExtension: { ".js": ".mjs" } });
  return [...built, ...threads.map((thread) => `services/${name}/dist/${thread.name}.mjs`)];
}

function bundle(folder, options) {
  return build({
    ...options,
    outdir: join(folder, "dist"),
    absWorkingDir: folder,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: true,
    metafile: true,
    logLevel: "warning",
    plugins: [npmPackagesStayOutside(folder)],
  });
}

function holds(metafile, folder, source) {
  return Object.keys(metafile.inputs).some((path) => relative(root, join(folder, path)) === join(source));
}

function mainFiles(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => /^main.*\.ts$/.test(file))
    .map((file) => join(folder, file));
}

/** `packages: "external"` would leave the workspaces' packages outside as well, whose TypeScript Node cannot run. */
function npmPackagesStayOutside(serviceFolder) {
  return {
    name: "npm-packages-stay-outside",
    setup({ onResolve }) {
      onResolve({ filter: /^[^./]/ }, ({ path, kind, resolveDir }) => {
        if (kind === "entry-point" || path.startsWith(OWN_SCOPE)) return undefined;
        const hidden = hiddenCopy(path, resolveDir, serviceFolder);
        if (hidden) return { errors: [{ text: `${path} is installed in ${hidden}, which the bundle cannot see: give the workspaces one version of it` }] };
        return { path, external: true };
      });
    },
  };
}

/** A copy of the package in the importing workspace's own node_modules: a bundle elsewhere would load another version. */
function hiddenCopy(path, resolveDir, serviceFolder) {
  const name = path
    .split("/")
    .slice(0, path.startsWith("@") ? 2 : 1)
    .join("/");
  const [kind, workspace] = relative(root, resolveDir).split(sep);
  const folder = join(root, kind, workspace ?? "");
  if (folder === serviceFolder) return undefined;
  const copy = join(folder, "node_modules", name);
  return existsSync(copy) ? relative(root, copy) : undefined;
}
