import { once } from "node:events";
import { createConnection, createServer, type Server, type Socket } from "node:net";

/** A TCP proxy in front of a server, which breaks in the ways that networks break. */
export interface CuttableProxy {
  url: string;
  /** Ends every connection and refuses new ones until {@link restore}. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  /** From now on answers are swallowed; the connection that sent `trigger` is reset as soon as the server has answered. Once. */
  cutAfterAnswerTo(trigger: string): Promise<void>;
  /** Connections stay open but nothing passes, either way. */
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

export async function startProxy(targetUrl: string): Promise<CuttableProxy> {
  const target = new URL(targetUrl);
  const sockets = new Set<Socket>();
  let isFrozen = false;
  let trap: { trigger: string; sprung: () => void } | undefined;

  function accept(client: Socket): void {
    const upstream = createConnection({ host: target.hostname, port: Number(target.port) });
    let isTrapped = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
      if (isFrozen) socket.pause();
    }
    client.on("data", (chunk) => {
      if (trap && chunk.includes(trap.trigger)) isTrapped = true;
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => {
      if (!isTrapped) return void client.write(chunk);
      trap?.sprung();
      trap = undefined;
      client.destroy();
    });
  }

  let server: Server = createServer(accept);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  const { port } = address;

  async function cut(): Promise<void> {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }

  return {
    url: `redis://127.0.0.1:${port}`,
    cut,
    async restore() {
      server = createServer(accept);
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
    },
    cutAfterAnswerTo: (trigger) =>
      new Promise((resolve) => {
        trap = { trigger, sprung: resolve };
      }),
    freeze() {
      isFrozen = true;
      for (const socket of sockets) socket.pause();
    },
    thaw() {
      isFrozen = false;
      for (const socket of sockets) socket.resume();
    },
    close: cut,
  };
}
