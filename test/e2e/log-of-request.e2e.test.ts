import { afterAll, beforeAll, expect, it } from "vitest";
import { callJson } from "../support/api-php.ts";
import { DOOR, type Fleet, makeFleet } from "../support/fleet.ts";
import { postTicket } from "../support/rest.ts";
import { until } from "../support/until.ts";

let fleet: Fleet;
beforeAll(async () => {
  fleet = await makeFleet();
});
afterAll(() => fleet.stop());

it("the id of a request is in every line that a door says of it, also of its answer", async () => {
  const lines: string[] = [];
  const door = await fleet.start(DOOR, { LOG_LEVEL: "debug", HTTP_REPLY_TIMEOUT_MS: "100" }, (line) => lines.push(line));
  const stack = { httpUrl: door.url, credentials: fleet.credentials };
  const ticket = { deptid: 1, clientid: 1, subject: "s", message: "m" };
  const ids = [(await callJson(stack, ticket)).requestid, (await postTicket(stack, ticket)).body.requestId];
  for (const requestId of ids) {
    const said = () => lines.filter((line) => line.includes(`"requestId":"${requestId}"`)).map((line) => (JSON.parse(line) as { msg: string }).msg);
    await until("the answer in the log", async () => said().includes("answered"));
    expect(said()).toEqual(["command made", "answered"]);
  }
});
