/** A server could not listen where it was told to; the message names the setting and the way out. */
export class ListenFailure extends Error {
  override name = "ListenFailure";
}

/** Where a server listens, and the variables that say so; of a socket file there is none for the host. */
export interface ListenPlace {
  host: string;
  port: number | string;
  setting: string;
  hostSetting?: string;
}

const REASONS: Record<string, string> = {
  EADDRINUSE: "is in use by another program",
  EACCES: "may not be used by this user",
};
const HOST_REASONS: Record<string, string> = {
  EADDRNOTAVAIL: "is no address of this machine",
  ENOTFOUND: "is no known host name",
};

/** Awaits a server's start; what keeps it from listening becomes a {@link ListenFailure}. */
export async function explainListening<T>(listening: Promise<T>, place: ListenPlace): Promise<T> {
  try {
    return await listening;
  } catch (error) {
    const reason = reasonOf((error as NodeJS.ErrnoException).code ?? "", place);
    if (!reason) throw error;
    throw new ListenFailure(reason, { cause: error });
  }
}

function reasonOf(code: string, { host, port, setting, hostSetting = setting }: ListenPlace): string | undefined {
  if (HOST_REASONS[code]) return `${host} ${HOST_REASONS[code]}; set ${hostSetting} to one that is`;
  return REASONS[code] && `${host}:${port} ${REASONS[code]}; free it, or set ${setting} to another`;
}
