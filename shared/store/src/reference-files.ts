import { parse as parseCsv } from "csv-parse/sync";
import type { z } from "zod";
import { lineOfSyntaxError, linesOfRows } from "./json-rows.ts";
import {
  emptyReferenceData,
  keyOf,
  REFERENCE_KINDS,
  type ReferenceData,
  type ReferenceKind,
  type ReferenceRow,
  referenceSchemas,
} from "./reference-schemas.ts";

/** Something wrong in an imported file: where it stands, and what would be right. */
export interface RowFault {
  file: string;
  /** Line in the file, from 1; none where the file as a whole is meant. */
  line?: number;
  message: string;
}

export interface ReferenceFile {
  name: string;
  text: string;
}

/** Rows in one import, all kinds together: they are applied in one transaction. */
const MAX_ROWS = 50_000;

/**
 * Reads and checks whole files: `<kind>.csv` with a header row, `<kind>.json` with a list, or any other `.json` with an
 * object of lists by kind. Every bad row is reported; references between rows are checked against the files and
 * `isKnown`, which tells what the store has already.
 */
export async function readReferenceFiles(
  files: readonly ReferenceFile[],
  isKnown: (kind: ReferenceKind, key: string | number) => Promise<boolean>,
): Promise<{ data: ReferenceData; faults: RowFault[] }> {
  const data = emptyReferenceData();
  const faults: RowFault[] = [];
  const placed: { kind: ReferenceKind; row: ReferenceRow; at: Omit<RowFault, "message"> }[] = [];
  for (const file of files) {
    for (const { kind, value, at } of rowsOf(file, faults)) {
      const parsed = referenceSchemas[kind].safeParse(dropEmpty(value));
      if (parsed.success) placed.push({ kind, row: parsed.data, at });
      if (!parsed.success) faults.push({ ...at, message: describe(kind, parsed.error) });
    }
  }
  if (placed.length > MAX_ROWS)
    faults.push({ file: "(all)", message: `${placed.length} rows are too many for one import; at most ${MAX_ROWS}, split the files` });
  const seen = new Map<string, Omit<RowFault, "message">>();
  for (const { kind, row, at } of placed) {
    const name = `${kind} ${keyOf(row)}`;
    const first = seen.get(name);
    if (first) faults.push({ ...at, message: `${name} was given before, at ${first.file} line ${first.line}` });
    seen.set(name, at);
    (data[kind] as ReferenceRow[]).push(row);
  }
  for (const { kind, row, at } of placed) faults.push(...(await brokenReferences(kind, row, at, seen, isKnown)));
  return { data, faults };
}

interface Placed {
  kind: ReferenceKind;
  value: unknown;
  at: Omit<RowFault, "message">;
}

function rowsOf({ name, text }: ReferenceFile, faults: RowFault[]): Placed[] {
  const base = name.slice(Math.max(name.lastIndexOf("/"), name.lastIndexOf("\\")) + 1);
  const [stem = "", extension = ""] = base.toLowerCase().split(/\.(?=[^.]*$)/);
  const kind = REFERENCE_KINDS.find((candidate) => candidate === stem);
  try {
    if (extension === "csv" && kind) return csvRows(kind, name, text, faults);
    if (extension === "json") return jsonRows(kind, name, text, faults);
  } catch (error) {
    faults.push({ file: name, ...lineIn(error, text), message: error instanceof Error ? error.message : String(error) });
    return [];
  }
  faults.push({ file: name, message: `expected a .json file, or <kind>.csv with kind one of ${REFERENCE_KINDS.join(", ")}` });
  return [];
}

interface CsvRecord {
  record: unknown;
  /** `error`: the row has more or fewer cells than the header. */
  info: { lines: number; error?: Error };
}

function csvRows(kind: ReferenceKind, file: string, text: string, faults: RowFault[]): Placed[] {
  const options = { columns: true, bom: true, info: true, trim: true, skip_empty_lines: true, relax_column_count: true } as const;
  const records: CsvRecord[] = parseCsv(text, options);
  return records.flatMap(({ record, info: { lines: line, error } }) => {
    if (!error) return [{ kind, value: record, at: { file, line } }];
    faults.push({ file, line, message: `${kind}: ${error.message}` });
    return [];
  });
}

function jsonRows(kind: ReferenceKind | undefined, file: string, text: string, faults: RowFault[]): Placed[] {
  const json = text.replace(/^\ufeff/, "");
  const content: unknown = JSON.parse(json);
  const lines = linesOfRows(json);
  const lists = Array.isArray(content) && kind ? { [kind]: content } : content;
  if (typeof lists !== "object" || lists === null || Array.isArray(lists)) throw new Error(`expected an object of lists by kind, or a list in <kind>.json`);
  return Object.entries(lists).flatMap(([name, rows]) => {
    const linesHere = lines.get(Array.isArray(content) ? "" : name) ?? [];
    const known = REFERENCE_KINDS.find((candidate) => candidate === name);
    if (!known || !Array.isArray(rows)) faults.push({ file, message: `"${name}": expected a list under one of ${REFERENCE_KINDS.join(", ")}` });
    return known && Array.isArray(rows) ? rows.map((value: unknown, index) => ({ kind: known, value, at: { file, ...lineAt(linesHere, index) } })) : [];
  });
}

function lineAt(lines: readonly number[], index: number): { line?: number } {
  const line = lines[index];
  return line === undefined ? {} : { line };
}

function lineIn(error: unknown, text: string): { line?: number } {
  if (error instanceof SyntaxError) return { line: lineOfSyntaxError(text, error) };
  const line = typeof error === "object" && error !== null && "lines" in error ? error.lines : undefined;
  return typeof line === "number" ? { line } : {};
}

/** An empty cell means "not given". */
function dropEmpty(value: unknown): unknown {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value).filter(([, cell]) => cell !== "")) : value;
}

function describe(kind: ReferenceKind, error: z.ZodError): string {
  return `${kind}: ${error.issues.map(({ path, message }) => `${path.join(".") || "row"}: ${message}`).join("; ")}`;
}

/** What each kind refers to. */
function referencesOf(row: ReferenceRow): { kind: ReferenceKind; key: string | number; field: string }[] {
  const one = (kind: ReferenceKind, field: string, key: string | number | undefined) => (key === undefined ? [] : [{ kind, key, field }]);
  return [
    ...("clientid" in row ? one("clients", "clientid", row.clientid) : []),
    ...("clientids" in row ? row.clientids.flatMap((id) => one("clients", "clientids", id)) : []),
    ...("deptid" in row ? one("departments", "deptid", row.deptid) : []),
    ...("staff" in row ? row.staff.flatMap((username) => one("admins", "staff", username)) : []),
    ...("admin" in row ? one("admins", "admin", row.admin) : []),
  ];
}

async function brokenReferences(
  kind: ReferenceKind,
  row: ReferenceRow,
  at: Omit<RowFault, "message">,
  seen: ReadonlyMap<string, unknown>,
  isKnown: (kind: ReferenceKind, key: string | number) => Promise<boolean>,
): Promise<RowFault[]> {
  const faults: RowFault[] = [];
  for (const { kind: target, key, field } of referencesOf(row)) {
    if (seen.has(`${target} ${key}`) || (await isKnown(target, key))) continue;
    faults.push({ ...at, message: `${kind}: ${field}: there is no ${target} ${key}, neither in these files nor in the store` });
  }
  return faults;
}
