import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { parseAllDocuments } from "yaml";
import { z } from "zod";

/**
 * Holds manifests against the published schemas of Kubernetes 1.27 and KEDA 2.10, as npm packages carry them.
 *
 * Problem: the validators of those packages know required fields, types and patterns, but let unknown fields pass, and a
 * misspelled field is the commonest fault of a manifest. Choice: the packages' types as well: a manifest written as an
 * object literal may hold no field that its type does not have.
 */
export interface Manifest {
  file: string;
  apiVersion: string;
  kind: string;
  content: Record<string, unknown>;
}

const FOLDER = fileURLToPath(new URL("../../deploy/kubernetes", import.meta.url));
const typeMeta = z.looseObject({ apiVersion: z.string(), kind: z.string() });
const model = z.custom<new (data: object) => { validate(): void }>((value) => typeof value === "function");

/** Every object in deploy/kubernetes, kustomization.yaml included. */
export function readManifests(): Manifest[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".yaml"))
    .flatMap((file) => parseManifests(file, readFileSync(join(FOLDER, file), "utf8")));
}

/** The objects in a text of YAML. Throws for what is none. */
export function parseManifests(file: string, text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => {
    if (document.errors[0]) throw document.errors[0];
    const content = typeMeta.parse(document.toJS());
    return { file, apiVersion: content.apiVersion, kind: content.kind, content };
  });
}

/** What is wrong with these manifests, a line each; none: they keep to the schemas. */
export async function faultsIn(manifests: readonly Manifest[]): Promise<string[]> {
  const broken = await Promise.all(manifests.map(brokenRules));
  return [...broken.flat(), ...unknownFields(manifests)];
}

async function brokenRules({ file, apiVersion, kind, content }: Manifest): Promise<string[]> {
  const exported: Record<string, unknown> = await import(moduleOf({ apiVersion, kind }));
  try {
    new (model.parse(exported[kind]))(content).validate();
    return [];
  } catch (error) {
    return [`${file}: ${kind}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

function moduleOf({ apiVersion, kind }: Pick<Manifest, "apiVersion" | "kind">): string {
  const library = apiVersion.startsWith("keda.sh/") ? "@kubernetes-models/keda" : "kubernetes-models";
  return `${library}/${apiVersion}/${kind}`;
}

function unknownFields(manifests: readonly Manifest[]): string[] {
  const lines = manifests.map((manifest) => {
    const type = `import("${moduleOf(manifest)}").I${manifest.kind}`;
    return `(${JSON.stringify(manifest.content)}) satisfies ${type};`;
  });
  const name = fileURLToPath(new URL("manifests.ts", import.meta.url));
  const options = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    module: ts.ModuleKind.ESNext,
  };
  const host = ts.createCompilerHost(options);
  const readReal = host.getSourceFile.bind(host);
  const source = ts.createSourceFile(name, `export {};\n${lines.join("\n")}`, ts.ScriptTarget.ES2022);
  host.getSourceFile = (file, ...rest) => (file === name ? source : readReal(file, ...rest));
  const program = ts.createProgram([name], options, host);
  return ts.getPreEmitDiagnostics(program, source).map(({ messageText, start = 0 }) => {
    const manifest = manifests[source.getLineAndCharacterOfPosition(start).line - 1];
    return `${manifest?.file}: ${manifest?.kind}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
  });
}
