import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createContext, runInContext } from "node:vm";
import type jsonataLibrary from "jsonata";

/**
 * Where expressions run: a world of JavaScript with the language's own objects and nothing else, in which no text becomes
 * code. Only texts go in, and only texts come out.
 *
 * Problem: expressions may reach `constructor`, and so whatever made the objects that they are given; the library has had
 * holes of that kind. Choice: it is loaded into a context of its own, where code generation is off and the built-in
 * prototypes are frozen. What an event leaves behind there, no other event finds. Time and memory are the process's to bound.
 */
export interface Sandbox {
  /** The value of an expression over the event as JSON; undefined when it yields nothing. Throws what the library throws. */
  evaluate(expression: string, event: SandboxEvent): Promise<string | undefined>;
}

/** Texts of JSON: the input of an expression, and what it may name with a `$`. */
export interface SandboxEvent {
  input: string;
  bindings: Readonly<Record<string, string>>;
}

/** Calls within calls, of one evaluation. The library's limit of lists writes to prototypes, which are frozen here. */
const LIMITS = { stack: 400 };
/** Compiled expressions that are kept, over all sources. */
const MAX_COMPILED = 1000;
const FREEZE =
  "for (const of of [Object, Array, Function, String, Number, Boolean, RegExp, Date, Promise, Error, Map, Set]) Object.freeze(of.prototype), Object.freeze(of)";

type Compile = typeof jsonataLibrary;

/** See {@link Sandbox}. */
export function makeSandbox(): Sandbox {
  const context = createContext(Object.create(null), { codeGeneration: { strings: false, wasm: false } });
  runInContext(readFileSync(createRequire(import.meta.url).resolve("jsonata"), "utf8"), context, { filename: "jsonata.js" });
  const compile = runInContext("jsonata", context) as Compile;
  const parse = runInContext("JSON.parse", context) as (text: string) => unknown;
  const stringify = runInContext("JSON.stringify", context) as (value: unknown) => string | undefined;
  runInContext(FREEZE, context);
  const compiled = new Map<string, ReturnType<Compile>>();

  function compiledOf(expression: string): ReturnType<Compile> {
    const known = compiled.get(expression);
    if (known) return known;
    if (compiled.size >= MAX_COMPILED) compiled.clear();
    const fresh = compile(expression, LIMITS);
    fresh.registerFunction("base64encode", encodeBase64, "<s-:s>");
    fresh.registerFunction("base64decode", decodeBase64, "<s-:s>");
    compiled.set(expression, fresh);
    return fresh;
  }

  return {
    async evaluate(expression, { input, bindings }) {
      const bound = Object.fromEntries(Object.entries(bindings).map(([name, text]) => [name, parse(text)]));
      return stringify(await compiledOf(expression).evaluate(parse(input), bound));
    },
  };
}

/** The library's own look for the globals of a browser or of Node, which are not there. */
function encodeBase64(text: string | undefined): string | undefined {
  return text === undefined ? undefined : Buffer.from(text, "latin1").toString("base64");
}

function decodeBase64(text: string | undefined): string | undefined {
  return text === undefined ? undefined : Buffer.from(text, "base64").toString("latin1");
}
