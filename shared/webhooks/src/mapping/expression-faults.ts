import { type EventCorrelation, type EventMapping, ticketParams } from "@openticket/contract";
import jsonata from "jsonata";

/** What is wrong with one expression or parameter. `path` is where it stands, such as `mapping.ticket.subject`. */
export interface ExpressionFault {
  path: string;
  /** What is wrong, and what would be right; for people. */
  message: string;
}

const PARAMETERS: readonly string[] = Object.keys(ticketParams.shape);
/** Without these no event can become a ticket, whatever the defaults of its source are. */
const NEEDED = ["subject", "message"];

/**
 * What is wrong with the expressions of a source, before any event has come: their syntax, and parameters that OpenTicket
 * does not have. Nothing is evaluated. Never throws.
 */
export function expressionFaults({
  mapping,
  correlation,
}: {
  mapping?: EventMapping | undefined;
  correlation?: EventCorrelation | null | undefined;
}): ExpressionFault[] {
  return [...(mapping ? mappingFaults(mapping) : []), ...(correlation ? correlationFaults(correlation) : [])];
}

function mappingFaults({ when, ticket }: EventMapping): ExpressionFault[] {
  const names = Object.keys(ticket);
  const unknown = names.filter((name) => !PARAMETERS.includes(name)).map((name) => unknownParameter(name));
  const missing = NEEDED.filter((name) => !names.includes(name)).map((name) => ({
    path: `mapping.ticket.${name}`,
    message: `no ticket is opened without a ${name}: give an expression for it`,
  }));
  const syntax = Object.entries(ticket).flatMap(([name, expression]) => syntaxFaults(`mapping.ticket.${name}`, expression));
  return [...(when === undefined ? [] : syntaxFaults("mapping.when", when)), ...missing, ...unknown, ...syntax];
}

function unknownParameter(name: string): ExpressionFault {
  const meant = PARAMETERS.find((parameter) => parameter.toLowerCase() === name.toLowerCase());
  const right = meant ? `it is written ${meant}` : `expected one of ${PARAMETERS.join(", ")}`;
  return { path: `mapping.ticket.${name}`, message: `OpenTicket has no parameter ${JSON.stringify(name)}: ${right}` };
}

function correlationFaults({ key, resolved, happenedAt }: EventCorrelation): ExpressionFault[] {
  return Object.entries({ key, resolved, happenedAt }).flatMap(([name, given]) => (given === undefined ? [] : syntaxFaults(`correlation.${name}`, given)));
}

function syntaxFaults(path: string, expression: string): ExpressionFault[] {
  try {
    jsonata(expression);
    return [];
  } catch (error) {
    return [{ path, message: `no JSONata: ${wordsOf(error)}` }];
  }
}

/** The parser throws objects with a position; nesting without end throws what the engine has for that. */
function wordsOf(error: unknown): string {
  const { message, position } = error as { message?: unknown; position?: unknown };
  const words = error instanceof RangeError ? "nested too deeply" : String(message);
  return typeof position === "number" ? `${words}, at character ${position}` : words;
}
