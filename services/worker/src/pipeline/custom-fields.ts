import { LIMITS, type TicketParams, type TicketRecord } from "@openticket/contract";
import type { Findings } from "./findings.ts";
import type { Directory } from "./ports.ts";

/**
 * The values whose fields exist for that department, with the fields' names; the others are noted and left out. A document of
 * MongoDB has 16 MB at most: with a message there must be room for them, and for those that replies add.
 */
export async function readCustomFields(
  given: NonNullable<TicketParams["customfields"]>,
  deptid: number | undefined,
  directory: Directory,
  findings: Findings,
): Promise<TicketRecord["customfields"]> {
  const ids = Object.keys(given).map(Number);
  if (ids.length === 0) return [];
  const bytes = Buffer.byteLength(JSON.stringify(given));
  if (bytes > LIMITS.customFieldsBytes) {
    const message = `The custom fields have ${bytes} bytes as JSON; at most ${LIMITS.customFieldsBytes} are taken`;
    findings.error({ code: "customfields_too_long", field: "customfields", message });
    return [];
  }
  const fields = new Map((await directory.customFields(ids)).map((field) => [field.id, field]));
  return ids.flatMap((id) => {
    const field = fields.get(id);
    const belongs = field !== undefined && (field.deptid === undefined || field.deptid === deptid);
    if (belongs) return [{ id, name: field.name, value: given[id] ?? null }];
    findings.decide("customfield", `${id} left out`, field ? "it belongs to another department" : "there is no such custom field");
    return [];
  });
}
