import { randomInt } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";

/** The embedded databases are for this machine alone. */
export const LOOPBACK = "127.0.0.1";

/** The port noted in `path` by an earlier start when it is free, else any free one; either may be taken a moment later. */
export async function preferredPort(path: string): Promise<number> {
  const noted = Number(await readFile(path, "utf8").catch(() => ""));
  if (Number.isInteger(noted) && noted > 0 && noted < 65_536 && (await isFree(noted))) return noted;
  return freePort();
}

/** Notes a port for the next start, so that addresses written down by people stay good. */
export async function notePort(path: string, port: number): Promise<void> {
  await writeFile(path, `${port}\n`);
}

/**
 * Ports below those that systems give to outgoing connections, which could take one between this look and the start of a
 * server. Those of a Redis cluster's bus, 10,000 above, are as well.
 */
const [LOWEST_PORT, HIGHEST_PORT] = [10_240, 22_767];
const LOOKS = 100;

/** A port of the loopback that nobody listens on now. */
export async function freePort(): Promise<number> {
  for (let look = 0; look < LOOKS; look++) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT + 1);
    if (await isFree(port)) return port;
  }
  return listenOnce(0);
}

async function isFree(port: number): Promise<boolean> {
  return listenOnce(port).then(
    () => true,
    () => false,
  );
}

function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, LOOPBACK, () => {
      const address = server.address();
      server.close(() => (address && typeof address === "object" ? resolve(address.port) : reject(new Error("no address"))));
    });
  });
}
