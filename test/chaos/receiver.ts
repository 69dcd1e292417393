import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";
import { Webhook } from "../support/standard-webhooks.ts";
import type { Random } from "./random.ts";
import type { ToldEvent } from "./told-verdict.ts";

/** An endpoint that hears of our events, and remembers them. */
export interface Receiver {
  url: string;
  told: readonly ToldEvent[];
  /** Calls that are not signed as they should, or say what no event says. */
  setSecret(secret: string): void;
  /** Lets no call fail and takes each at once, from here on. */
  behave(): void;
  close(): Promise<void>;
}

/** What becomes of a call: `late` is longer than its sender waits, `torn` has its connection broken after it was heard. */
const MANNERS = { taken: 90, "500": 4, "503": 1, late: 1, torn: 4 };
/** A receiver takes its time, so that a crash finds calls on their way, ms. */
const SLOWEST_MS = 80;
const LATE_MS = 2500;

const openedBody = z.object({
  type: z.literal("ticket.opened"),
  data: z.object({ ticket: z.object({ id: z.number(), tid: z.string(), subject: z.string() }) }),
});

/** See {@link Receiver}. */
export async function startReceiver(random: Random): Promise<Receiver> {
  const told: ToldEvent[] = [];
  let isModel = false;
  let secret = "";
  const server = createServer(async (request, response) => {
    const manner = isModel ? "taken" : random.weighted(MANNERS);
    const delayMs = isModel ? 0 : manner === "late" ? LATE_MS : random.between(0, SLOWEST_MS);
    const text = await textOf(request).catch(() => undefined);
    // Its sender was killed in the middle of it.
    if (text === undefined) return;
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    told.push({ ...heardIn(request, text, secret), isTaken: manner === "taken" });
    if (manner === "torn") return void request.socket.destroy();
    response.writeHead(manner === "taken" || manner === "late" ? 204 : Number(manner)).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    told,
    setSecret(given) {
      secret = given;
    },
    behave() {
      isModel = true;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function heardIn({ headers }: IncomingMessage, text: string, secret: string): Omit<ToldEvent, "isTaken"> {
  const eventId = String(headers["webhook-id"]);
  const names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
  try {
    const body = openedBody.parse(new Webhook(secret).verify(text, Object.fromEntries(names.map((name) => [name, String(headers[name])]))));
    return { eventId, ticket: body.data.ticket };
  } catch (error) {
    return { eventId, fault: `${String(error)}: ${text.slice(0, 200)}` };
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}
