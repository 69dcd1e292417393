// A mail relay that counts what it takes, at as little cost as can be: it stands for another machine. GET on its second port tells
// how many mails it took. Its argument: how long it looks at each before it takes it, ms.
import { createServer } from "node:http";
import { type AddressInfo, createServer as createRelay, type Socket } from "node:net";

const END_OF_LINE = "\r\n";
const END_OF_CONTENT = "\r\n.\r\n";
const BYE = "221 bye\r\n";
const REPLIES: Record<string, string> = {
  EHLO: "250-sink\r\n250-PIPELINING\r\n250-SIZE\r\n250 8BITMIME\r\n",
  DATA: "354 go on\r\n",
  QUIT: BYE,
};
const DONE = "250 done\r\n";

const looksForMs = Number(process.argv[2] ?? 0);

let taken = 0;

function converse(socket: Socket): void {
  let text = "";
  let awaitsContent = false;
  const takeContent = (): string | undefined => {
    const end = text.indexOf(END_OF_CONTENT);
    if (end === -1) return undefined;
    text = text.slice(end + END_OF_CONTENT.length);
    awaitsContent = false;
    taken++;
    return DONE;
  };
  const takeCommand = (): string | undefined => {
    const end = text.indexOf(END_OF_LINE);
    if (end === -1) return undefined;
    const command = text.slice(0, 4).toUpperCase();
    awaitsContent = command === "DATA";
    // Where there is no content, the end of that line is the beginning of what ends it.
    text = text.slice(awaitsContent ? end : end + END_OF_LINE.length);
    return REPLIES[command] ?? DONE;
  };
  const take = () => (awaitsContent ? takeContent() : takeCommand());
  socket.setEncoding("latin1");
  socket.on("error", () => undefined);
  socket.on("data", (chunk) => {
    text += chunk;
    let replies = "";
    for (let reply = take(); reply; reply = take()) replies += reply;
    if (replies.endsWith(BYE)) socket.end(replies);
    else if (replies.endsWith(DONE) && looksForMs > 0) setTimeout(() => socket.write(replies), looksForMs);
    else if (replies) socket.write(replies);
  });
  socket.write("220 sink\r\n");
}

const relay = createRelay({ noDelay: true }, converse);
const teller = createServer((_request, response) => response.end(String(taken)));
await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", () => resolve()));
await new Promise<void>((resolve) => teller.listen(0, "127.0.0.1", () => resolve()));
console.log(`ready smtp://127.0.0.1:${(relay.address() as AddressInfo).port} http://127.0.0.1:${(teller.address() as AddressInfo).port}`);
process.on("SIGTERM", () => process.exit(0));
