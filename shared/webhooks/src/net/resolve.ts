import { promises as dns } from "node:dns";

/** Finds every address of a name; throws when it has none, or nobody answers. */
export type Resolve = (hostname: string) => Promise<string[]>;

/** One question to a name server, and how often it is put, ms. */
const QUESTION_TIMEOUT_MS = 2000;
const QUESTION_TRIES = 2;
/** After these the system's resolver has its answer at once as well: there is no such name, or no name server. */
const QUICK = new Set(["ENOTFOUND", "ENODATA", "ECONNREFUSED"]);

/**
 * Asks the name servers themselves; the system's resolver comes second, for what only it knows (its file of hosts, search
 * domains). The system's blocks one of the process's few threads for as long as a name server is silent: a handful of
 * endpoints with dead name servers would hold up everybody else.
 */
export function makeResolve(): Resolve {
  const resolver = new dns.Resolver({ timeout: QUESTION_TIMEOUT_MS, tries: QUESTION_TRIES });
  return async (hostname) => {
    const asked = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    const addresses = asked.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
    if (addresses.length > 0) return addresses;
    const slow = asked.find((answer) => answer.status === "rejected" && !isQuick(answer.reason));
    if (slow?.status === "rejected") throw slow.reason;
    return (await dns.lookup(hostname, { all: true })).map(({ address }) => address);
  };
}

function isQuick(error: unknown): boolean {
  return error instanceof Error && "code" in error && QUICK.has(String(error.code));
}
