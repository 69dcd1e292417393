import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";
import { makeOpenApiDocument } from "./document.ts";

/** Version of the product, as the document names it. */
const PRODUCT_VERSION = "0.1.0";

/** Serves the OpenAPI document at `/openapi.json` and a page to browse and try it at `/docs`. */
export async function registerDocs(app: FastifyInstance): Promise<void> {
  const document = makeOpenApiDocument(PRODUCT_VERSION);
  app.get("/openapi.json", async () => document);
  // The framework's types know OpenAPI 3.1 less exactly than the document is.
  await app.register(swagger, { mode: "static", specification: { document: document as never } });
  await app.register(swaggerUi, { routePrefix: "/docs", staticCSP: true, transformStaticCSP: forPlainHttp });
}

/** Without the word that makes browsers ask for the page's own files by https: the door speaks http, a proxy may speak https. */
function forPlainHttp(policy: string): string {
  return policy.replace(/\s*upgrade-insecure-requests;?/, "");
}
