// A mail relay that takes everything at once, at as little cost as can be: it stands for another machine. GET on its second port
// tells how many mails it took.
import { createServer } from "node:http";
import { type AddressInfo, createServer as createRelay, type Socket } from "node:net";

const END_OF_LINE = "\r\n";
const END_OF_CONTENT = "\r\n.\r\n";
let taken = 0;

function converse(socket: Socket): void {
  let text = "";
  let isContent = false;
  /** The reply to the next command or content that is there as a whole. */
  const nextReply = (): string | undefined => {
    const ending = isContent ? END_OF_CONTENT : END_OF_LINE;
    const end = text.indexOf(ending);
    if (end === -1) return undefined;
    const command = isContent ? "content" : text.slice(0, 4).toUpperCase();
    isContent = command === "DATA";
    // The end of the line before the content is a part of its own end: there may be no content at all.
    text = text.slice(isContent ? end : end + ending.length);
    if (command === "content") taken++;
    return REPLIES[command] ?? "250 done\r\n";
  };
  socket.setEncoding("latin1");
  socket.on("error", () => undefined);
  socket.on("data", (chunk) => {
    text += chunk;
    let replies = "";
    for (let reply = nextReply(); reply; reply = nextReply()) replies += reply;
    if (replies) socket.write(replies);
    if (replies.startsWith("221")) socket.end();
  });
  socket.write("220 sink\r\n");
}

const REPLIES: Record<string, string> = {
  EHLO: "250-sink\r\n250-PIPELINING\r\n250-SIZE\r\n250 8BITMIME\r\n",
  DATA: "354 go on\r\n",
  QUIT: "221 bye\r\n",
};

const relay = createRelay({ noDelay: true }, converse);
const teller = createServer((_request, response) => response.end(String(taken)));
await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", () => resolve()));
await new Promise<void>((resolve) => teller.listen(0, "127.0.0.1", () => resolve()));
console.log(`ready smtp://127.0.0.1:${(relay.address() as AddressInfo).port} http://127.0.0.1:${(teller.address() as AddressInfo).port}`);
process.on("SIGTERM", () => process.exit(0));
