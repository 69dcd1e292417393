/** What the operations of the OpenAPI document are made of. */

/** A schema of the document, by its name there. */
export const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
/** An answer in JSON. */
export const json = (name: string, description: string, headers?: object) => ({
  description,
  ...(headers && { headers }),
  content: { "application/json": { schema: ref(name) } },
});
/** Answers with a problem document. */
export const problems = (...statuses: number[]) =>
  Object.fromEntries(
    statuses.map((status) => [status, { description: PROBLEMS[status], content: { "application/problem+json": { schema: ref("Problem") } } }]),
  );
/** Parameters of an operation. */
export const inPath = (name: string, description: string, schema: object) => ({ name, in: "path", required: true, description, schema });
export const inHeader = (name: string, description: string) => ({ name, in: "header", required: false, description, schema: { type: "string" } });

const PROBLEMS: Record<number, string> = {
  400: "The request could not be read",
  401: "No credentials, or wrong ones",
  403: "The address or the credential's permissions do not allow it",
  404: "There is no such thing that this credential may see",
  413: "The body is larger than allowed",
  415: "The body is of a type that is not read",
  422: "The ticket was rejected, with every error; or the idempotency key was used for another request",
  503: "Not available now, or the outcome is late: see Retry-After, and requestId where there is one",
};

/** An operation with what all of them have. */
export function operation(tag: string, summary: string, responses: object, more: object = {}) {
  return { tags: [tag], summary, responses, ...more };
}
