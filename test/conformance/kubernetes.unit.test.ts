import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { COMMAND_QUEUE } from "@openticket/contract";
import { httpConfig } from "@openticket/ingress";
import { workerConfig } from "@openticket/worker";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { faultsIn, type Manifest, parseManifests, readManifests } from "../support/kubernetes.ts";

/** The manifests cannot be run here; they are held against the schemas, and against the product that they start. */
const all = readManifests();
const manifests = all.filter(({ kind }) => kind !== "Kustomization");
const SLOW_MS = 60_000;
const MIB = 1024 * 1024;
/** Of a process beside what its settings let it hold. */
const AT_REST_BYTES = 256 * MIB;
/** Raw messages that a worker has in hand. */
const RAW_MESSAGES_BYTES = 48 * MIB;

const named = z.object({ metadata: z.object({ name: z.string() }) });
const nameOf = ({ content }: Manifest) => named.parse(content).metadata.name;
const ofKind = (kind: string) => manifests.filter((manifest) => manifest.kind === kind);
const find = (kind: string, name: string) => ofKind(kind).find((manifest) => nameOf(manifest) === name);

const labels = z.record(z.string(), z.string());
const deployment = z.object({
  spec: z.object({
    selector: z.object({ matchLabels: labels }),
    template: z.object({
      metadata: z.object({ labels }),
      spec: z.object({
        containers: z.array(
          z.object({
            command: z.array(z.string()),
            resources: z.object({ limits: z.object({ memory: z.string() }) }),
            envFrom: z.array(z.object({ configMapRef: z.object({ name: z.string() }).optional(), secretRef: z.object({ name: z.string() }).optional() })),
          }),
        ),
      }),
    }),
  }),
});

/** What a Deployment's first container may take, bytes. */
function memoryOf(name: string): number {
  const { containers } = deployment.parse(find("Deployment", name)?.content).spec.template.spec;
  return Number(containers[0]?.resources.limits.memory.replace("Mi", "")) * MIB;
}

describe("the Kubernetes manifests", () => {
  it("keep to the schemas of Kubernetes and KEDA", async () => expect(await faultsIn(manifests)).toEqual([]), SLOW_MS);

  it(
    "would not with a misspelled, a missing or a wrong field",
    async () => {
      const [misspelled, wrong, missing, keda] = parseManifests(
        "wrong.yaml",
        [
          "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {port: [{port: 80}]}}",
          "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: eighty}]}}",
          "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {selector: {}}}",
          "{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, metadata: {name: a}, spec: {scaleTargetRef: {name: a}}}",
        ].join("\n---\n"),
      );
      for (const manifest of [misspelled, wrong, missing, keda]) expect(await faultsIn(manifest ? [manifest] : [])).not.toEqual([]);
    },
    SLOW_MS,
  );

  it("name every file that they are made of", () => {
    const { resources } = z.object({ resources: z.array(z.string()) }).parse(all.find(({ kind }) => kind === "Kustomization")?.content);
    const files = new Set(manifests.map(({ file }) => file));
    files.delete("secrets.example.yaml");
    expect(new Set(resources)).toEqual(files);
  });

  it.each(ofKind("Deployment").map((manifest) => [nameOf(manifest), manifest] as const))(
    "%s starts a program that there is, on settings that there are",
    (_name, manifest) => {
      const { selector, template } = deployment.parse(manifest.content).spec;
      expect(template.metadata.labels).toMatchObject(selector.matchLabels);
      for (const { command, envFrom } of template.spec.containers) {
        const [program, script = ""] = command;
        expect(program).toBe("node");
        const source = script.replace("/dist/", "/src/").replace(/\.js$/, ".ts");
        expect(existsSync(fileURLToPath(new URL(`../../${source}`, import.meta.url))), source).toBe(true);
        for (const { configMapRef, secretRef } of envFrom) {
          if (configMapRef) expect(find("ConfigMap", configMapRef.name), configMapRef.name).toBeDefined();
          if (secretRef) expect(find("Secret", secretRef.name), secretRef.name).toBeDefined();
        }
      }
    },
  );

  it("give an HTTP door memory for the calls that it takes at once", () => {
    const { WEBHOOK_MEMORY_BYTES, HTTP_UNADMITTED_MEMORY_BYTES } = httpConfig.shape;
    const inHandBytes = WEBHOOK_MEMORY_BYTES.parse(undefined) + HTTP_UNADMITTED_MEMORY_BYTES.parse(undefined);
    expect(memoryOf("openticket-http")).toBeGreaterThanOrEqual(inHandBytes + AT_REST_BYTES);
  });

  it("give a worker memory for its threads and processes, and the messages that it reads at once", () => {
    const { MAIL_PARSER_THREADS, MAIL_PARSER_MEMORY_MB, WEBHOOK_MAPPING_PROCESSES, WEBHOOK_MAPPING_MEMORY_MB } = workerConfig.shape;
    const threadsMib = MAIL_PARSER_THREADS.parse(undefined) * MAIL_PARSER_MEMORY_MB.parse(undefined);
    const processesMib = WEBHOOK_MAPPING_PROCESSES.parse(undefined) * WEBHOOK_MAPPING_MEMORY_MB.parse(undefined);
    expect(memoryOf("openticket-worker")).toBeGreaterThanOrEqual((threadsMib + processesMib) * MIB + RAW_MESSAGES_BYTES + AT_REST_BYTES);
  });

  it("scale the workers on the list that holds the waiting commands", () => {
    const scaled = z.object({
      spec: z.object({ scaleTargetRef: z.object({ name: z.string() }), triggers: z.array(z.object({ metadata: z.object({ listName: z.string() }) })) }),
    });
    const settings = z.object({ data: labels }).parse(find("ConfigMap", "openticket-settings")?.content).data;
    const [scaling] = ofKind("ScaledObject");
    const { scaleTargetRef, triggers } = scaled.parse(scaling?.content).spec;
    expect(find("Deployment", scaleTargetRef.name)).toBeDefined();
    expect(triggers.map(({ metadata }) => metadata.listName)).toEqual([`${settings.QUEUE_PREFIX}:${COMMAND_QUEUE}:wait`]);
  });
});
