import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";

/** A TCP proxy on loopback whose network can be frozen, cut or slowed. */
export interface TcpProxy {
  port: number;
  /** Lets nothing through in either direction, without closing anything: no FIN, no RST. */
  freeze(): void;
  /** The same towards the server alone: what it has said still arrives. */
  freezeRequests(): void;
  thaw(): void;
  /** Resets every connection; new ones are taken. */
  cut(): void;
  /** Every chunk arrives so much later, in either direction; 0: as fast as it can. */
  slow(delayMs: number): void;
  close(): Promise<void>;
}

/** Opens a proxy to a port on loopback; `port`: its own, 0 for any. */
export async function openTcpProxy(targetPort: number, port = 0): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const callers = new Set<Socket>();
  let isFrozen = false;
  let delayMs = 0;
  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
  };
  const relay = (from: Socket, to: Socket) => {
    const late: Buffer[] = [];
    const pass = (chunk: Buffer | undefined) => {
      if (chunk && !to.destroyed && !to.write(chunk)) from.pause();
    };
    from.on("data", (chunk: Buffer) => {
      if (delayMs === 0 && late.length === 0) return pass(chunk);
      late.push(chunk);
      // The oldest goes first, whichever timer fires: no chunk overtakes another.
      setTimeout(() => pass(late.shift()), delayMs);
    });
    to.on("drain", () => {
      if (!isFrozen) from.resume();
    });
    from.on("close", () => {
      if (!isFrozen) to.destroy();
    });
  };
  const server = createServer((inner) => {
    const outer = connect(targetPort, "127.0.0.1");
    callers.add(inner);
    inner.on("close", () => callers.delete(inner));
    for (const socket of [inner, outer]) {
      track(socket);
      if (isFrozen) socket.pause();
    }
    relay(inner, outer);
    relay(outer, inner);
    if (isFrozen) for (const socket of [inner, outer]) socket.pause();
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    freeze() {
      isFrozen = true;
      for (const socket of sockets) socket.pause();
    },
    freezeRequests() {
      isFrozen = true;
      for (const socket of callers) socket.pause();
    },
    thaw() {
      isFrozen = false;
      for (const socket of sockets) socket.resume();
    },
    cut() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    slow(ms) {
      delayMs = ms;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
