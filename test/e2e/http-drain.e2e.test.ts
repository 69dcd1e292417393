import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { GUEST, httpBuildQuery } from "../support/api-php.ts";
import { startStack } from "../support/stack.ts";
import { until } from "../support/until.ts";

it("what a proxy sends over a connection of its own while the door closes is carried out, in the caller's format, and ends the connection", async () => {
  const stack = await startStack({});
  const { hostname, port } = new URL(stack.httpUrl);
  const body = httpBuildQuery({ action: "OpenTicket", ...stack.credentials, ...GUEST, responsetype: "xml" });
  const head = `POST /includes/api.php HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n`;
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  const closed = once(socket, "close");
  let answers = "";
  socket.on("data", (bytes) => {
    answers += bytes;
  });
  const answered = (count: number) => until(`answer ${count}`, () => answers.split("</whmcsapi>").length > count);
  socket.write(head + body.slice(0, 10));
  await sleep(100);
  const stopped = stack.stop();
  await sleep(100);
  socket.write(body.slice(10));
  await answered(1);
  socket.write(head + body);
  await answered(2);
  expect(answers.match(/<result>success<\/result>/g)).toHaveLength(2);
  expect(answers.match(/HTTP\/1\.1 (\d+)/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 200"]);
  await closed;
  await stopped;
});
