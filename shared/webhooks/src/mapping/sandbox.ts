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
 * prototypes are frozen. What an event leaves behind there, no other event finds. Time and memory are the thread's to bound.
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

/** Calls within calls, of one evaluation. */
const LIMITS = { stack: 400 };
/** Compiled expressions that are kept, over all sources. */
const MAX_COMPILED = 1000;
/**
 * Most characters or elements of a value that is put together at once. A thread whose heap is full gets 16 MB more to end in,
 * and whoever then asks for more than that in one piece takes the whole process with it; so large pieces are not begun.
 */
const MAX_PIECE = 1_500_000;
/** Bounds what the library puts values together with: `&`, `$join`, `$pad`, `$append`, ranges, `$string`; yields what bounds one more function of its. */
const BOUND = `((most) => {
  const bound = (size) => {
    if (size > most) throw new RangeError("a value of more than " + most + " characters or elements is not made");
  };
  const { concat: joined } = String.prototype;
  const { concat, join } = Array.prototype;
  const { stringify } = JSON;
  String.prototype.concat = function (other) {
    bound(this.length + other.length);
    return joined.call(this, other);
  };
  Array.prototype.concat = function (...others) {
    bound(others.reduce((size, other) => size + (Array.isArray(other) ? other.length : 1), this.length));
    return concat.apply(this, others);
  };
  Array.prototype.join = function (separator = ",") {
    bound(this.reduce((size, one) => size + (typeof one === "string" ? one.length : 0), this.length * separator.length));
    return join.call(this, separator);
  };
  JSON.stringify = (...given) => {
    const text = stringify(...given);
    if (text !== undefined) bound(text.length);
    return text;
  };
  globalThis.Array = new Proxy(Array, {
    construct(list, given) {
      if (given.length === 1) bound(given[0]);
      return Reflect.construct(list, given);
    },
  });
  return (pending) => async function (...given) {
    const { implementation } = await pending;
    const text = await implementation.apply(this, given);
    if (text !== undefined) bound(text.length);
    return text;
  };
})`;
const FREEZE =
  "for (const of of [Object, Array, Function, String, Number, Boolean, RegExp, Date, Promise, Error, Map, Set]) Object.freeze(of.prototype), Object.freeze(of)";

type Compile = typeof jsonataLibrary;

/** See {@link Sandbox}. */
export function makeSandbox(): Sandbox {
  const context = createContext(Object.create(null), { codeGeneration: { strings: false, wasm: false } });
  runInContext(readFileSync(createRequire(import.meta.url).resolve("jsonata"), "utf8"), context, { filename: "jsonata.js" });
  const compile = runInContext("jsonata", context) as Compile;
  const bounded = runInContext(`${BOUND}(${MAX_PIECE})`, context) as (pending: Promise<unknown>) => (...given: unknown[]) => Promise<unknown>;
  const replace = bounded(compile("$replace").evaluate(null));
  const parse = runInContext("JSON.parse", context) as (text: string) => unknown;
  const stringify = runInContext("JSON.stringify", context) as (value: unknown) => string | undefined;
  runInContext(FREEZE, context);
  const compiled = new Map<string, ReturnType<Compile>>();

  function compiledOf(expression: string): ReturnType<Compile> {
    const known = compiled.get(expression);
    if (known) return known;
    if (compiled.size >= MAX_COMPILED) compiled.clear();
    const fresh = compile(expression, LIMITS);
    fresh.registerFunction("replace", replace, "<s-(sf)(sf)n?:s>");
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
