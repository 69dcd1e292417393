import { once } from "node:events";
import { createServer } from "node:net";
import { expect, it } from "vitest";
import { freePort } from "../../src/databases/free-port.ts";

/** Where Linux begins to give ports to outgoing connections. */
const FIRST_OUTGOING = 32_768;

it("gives ports that can be listened on, out of the way of outgoing connections, and so 10,000 above", async () => {
  for (let count = 0; count < 20; count++) {
    const port = await freePort();
    expect(port).toBeGreaterThan(1023);
    expect(port + 10_000).toBeLessThan(FIRST_OUTGOING);
    const server = createServer().listen(port, "127.0.0.1");
    await once(server, "listening");
    server.close();
  }
});
