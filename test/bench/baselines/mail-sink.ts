// A mail relay that takes everything at once; GET on its second port tells how many mails it took.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";

let taken = 0;
const relay = new SMTPServer({
  authOptional: true,
  disabledCommands: ["STARTTLS", "AUTH"],
  disableReverseLookup: true,
  onData(stream, _session, callback) {
    stream.resume();
    stream.on("end", () => {
      taken++;
      callback();
    });
  },
});
relay.on("error", () => undefined);
const teller = createServer((_request, response) => response.end(String(taken)));
await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", () => resolve()));
await new Promise<void>((resolve) => teller.listen(0, "127.0.0.1", () => resolve()));
console.log(`ready smtp://127.0.0.1:${(relay.server.address() as AddressInfo).port} http://127.0.0.1:${(teller.address() as AddressInfo).port}`);
process.on("SIGTERM", () => process.exit(0));
