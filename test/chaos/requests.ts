import type { OpenTicketParams } from "@openticket/client";
import type { Random } from "./random.ts";

/** What a producer asks for. */
export interface RequestFields {
  /** In the subject, so that the ticket can be found without knowing any identity. */
  tag: string;
  /** Idempotency key, or the raw producer's own requestId. */
  key: string;
  params: OpenTicketParams;
  /** Code of the error that it must be rejected with. */
  wrongWith?: string;
}

const WRONG_SHARE = 0.05;
const NO_MAIL_SHARE = 0.4;

/** The n-th request of a run: of a client or a guest, in one of three departments, now and then with a mistake. */
export function makeRequest({ seed, number, random }: { seed: number; number: number; random: Random }): RequestFields {
  const tag = `chaos-${seed}-${number}.`;
  const opener = random.chance(0.5) ? { clientid: random.between(1, 2) } : { name: `Guest ${number}`, email: `guest-${number}@guests.example.test` };
  const params: OpenTicketParams = {
    deptid: random.between(1, 3),
    subject: `Request ${tag}`,
    message: `This is request **${number}**.\n${"All work and no play. ".repeat(random.between(0, 40))}`,
    ...opener,
    ...(random.chance(NO_MAIL_SHARE) && { noemail: true }),
  };
  const request = { tag, key: `key-${seed}-${number}`, params };
  return random.chance(WRONG_SHARE) ? { ...request, ...withMistake(params, random) } : request;
}

function withMistake(params: OpenTicketParams, random: Random): Pick<RequestFields, "params" | "wrongWith"> {
  const mistake = random.pick(["department_not_found", "client_not_found", "message_required"]);
  if (mistake === "department_not_found") return { wrongWith: mistake, params: { ...params, deptid: 999 } };
  if (mistake === "client_not_found") return { wrongWith: mistake, params: { ...params, clientid: 999_999 } };
  return { wrongWith: mistake, params: { ...params, message: "" } };
}
