/** The import rules of ARCHITECTURE.md. A test shows that each of them fires. */

/** A library that only certain folders of production code may import. */
const only = (name, library, folders) => ({
  name,
  severity: "error",
  comment: `${library} is imported in ${folders} only`,
  from: { path: "^(services|shared)/[^/]+/src/", pathNot: folders },
  to: { path: `(^|node_modules/)(${library})(/|$)`, dependencyTypesNot: ["core"] },
});

module.exports = {
  forbidden: [
    {
      name: "services-stay-apart",
      severity: "error",
      comment: "services never import one another; standalone, which starts them all, may",
      from: { path: "^services/([^/]+)/", pathNot: "^services/standalone/" },
      to: { path: "^services/", pathNot: "^services/$1/" },
    },
    {
      name: "shared-needs-no-service",
      severity: "error",
      comment: "shared code never imports a service",
      from: { path: "^shared/" },
      to: { path: "^services/" },
    },
    {
      name: "contract-needs-zod-alone",
      severity: "error",
      comment: "the contract imports zod and nothing else of others",
      from: { path: "^shared/contract/src/" },
      to: { pathNot: "^shared/contract/src/|(^|node_modules/)zod/|^(node:)?(crypto|buffer)$" },
    },
    {
      name: "runtime-knows-no-domain",
      severity: "error",
      comment: "configuration, logs and health know no domain",
      from: { path: "^shared/runtime/src/" },
      to: { path: "^(shared|services)/", pathNot: "^shared/runtime/src/" },
    },
    {
      name: "mail-touches-nothing",
      severity: "error",
      comment: "understanding a mail needs its bytes alone; only its threads are Node's",
      from: { path: "^shared/mail/src/", pathNot: "^shared/mail/src/reader/" },
      to: { pathNot: "^shared/mail/src/|(^|node_modules/)(iconv-lite|htmlparser2|sanitize-html)/|^(node:)?(crypto|buffer)$" },
    },
    {
      name: "core-is-pure",
      severity: "error",
      comment: "intake and pipeline import the contract and themselves alone",
      from: { path: "^services/([^/]+)/src/(intake|pipeline)/" },
      to: { pathNot: "^services/$1/src/$2/|^shared/contract/|(^|node_modules/)zod/|^(node:)?(crypto|stream)$" },
    },
    {
      name: "mail-decisions-are-pure",
      severity: "error",
      comment: "what a mail means is decided by the contract, what is understood of the mail, and the pipeline's words alone",
      from: { path: "^services/worker/src/mail/decide/" },
      to: { pathNot: "^services/worker/src/(mail/decide|pipeline)/|^shared/(contract|mail)/" },
    },
    {
      name: "edges-stay-apart",
      severity: "error",
      comment: "edge folders do not import one another",
      from: { path: "^services/([^/]+)/src/(adapters|queue|outbox|notify|mail)/" },
      to: { path: "^services/$1/src/(adapters|queue|outbox|notify|mail)/", pathNot: "^services/$1/src/$2/" },
    },
    {
      name: "adapters-stay-apart",
      severity: "error",
      comment: "one folder a transport, which knows no other",
      from: { path: "^services/ingress/src/adapters/([^/]+)/" },
      to: { path: "^services/ingress/src/adapters/", pathNot: "^services/ingress/src/adapters/$1/" },
    },
    {
      name: "nobody-imports-a-main",
      severity: "error",
      comment: "a main is wiring that runs; it is started, not imported",
      from: {},
      to: { path: "^(services|shared)/.*/main[^/]*\\.ts$" },
    },
    {
      name: "packages-by-their-index",
      severity: "error",
      comment: "only a package's index.ts is imported from outside",
      from: { path: "^([^/]+/[^/]+)/" },
      to: { path: "^(services|shared)/[^/]+/src/", pathNot: "^$1/|/src/index\\.ts$" },
    },
    only("bullmq-in-queues", "bullmq", "^services/[^/]+/src/queue/|^shared/client/src/"),
    only("mongo-in-the-store", "mongoose|mongodb", "^shared/store/src/|^services/standalone/src/databases/"),
    only("mailauth-in-mail", "mailauth|tldts", "^services/[^/]+/src/mail/auth/"),
    only("mailer-in-notify", "nodemailer", "^services/[^/]+/src/notify/"),
    only("servers-in-adapters", "fastify|@fastify/[^/]+|smtp-server|imapflow", "^services/ingress/src/adapters/"),
    {
      name: "no-test-in-production",
      severity: "error",
      comment: "production code imports no test code",
      from: { path: "^(services|shared)/[^/]+/src/" },
      to: { path: "(^|/)test/|\\.test\\.ts$" },
    },
    { name: "no-cycles", severity: "error", comment: "no import cycles", from: {}, to: { circular: true } },
    {
      name: "resolvable",
      severity: "error",
      comment: "an import that is not found would be judged by no rule",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)dist/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "node", "default"], extensions: [".ts", ".js", ".mjs", ".d.ts"] },
  },
};
