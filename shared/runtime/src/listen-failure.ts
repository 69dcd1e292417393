/** A server could not listen where it was told to; the message names the setting and the way out. */
export class ListenFailure extends Error {
  override name = "ListenFailure";
}

const REASONS: Record<string, string> = {
  EADDRINUSE: "is in use by another program",
  EACCES: "may not be used by this user",
  EADDRNOTAVAIL: "is no address of this machine",
  ENOTFOUND: "is no known host name",
};

/** Awaits a server's start; what keeps it from listening becomes a {@link ListenFailure}. */
export async function explainListening<T>(
  listening: Promise<T>,
  { host, port, setting }: { host: string; port: number | string; setting: string },
): Promise<T> {
  try {
    return await listening;
  } catch (error) {
    const reason = REASONS[(error as NodeJS.ErrnoException).code ?? ""];
    if (!reason) throw error;
    throw new ListenFailure(`${host}:${port} ${reason}; free it, or set ${setting} to another`, { cause: error });
  }
}
