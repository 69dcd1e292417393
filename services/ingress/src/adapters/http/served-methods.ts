import type { FastifyInstance } from "fastify";

/**
 * Remembers the routes that are registered from now on; tells which methods a path is served with: none for an unknown one. A
 * route of all methods answers for itself.
 */
export function rememberMethods(app: FastifyInstance): (path: string) => string[] {
  const served: { pattern: RegExp; methods: string[] }[] = [];
  app.addHook("onRoute", ({ url, method }) => {
    const methods = [method].flat();
    if (methods.length < app.supportedMethods.length) served.push({ pattern: patternOf(url), methods });
  });
  return (path) => [...new Set(served.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods))].sort();
}

/** Of a route's path, in which `:name` stands for one part and `*` for the rest. */
function patternOf(url: string): RegExp {
  const plain = url.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${plain.replaceAll("*", ".*").replace(/:[A-Za-z]+/g, "[^/]+")}/?$`);
}
