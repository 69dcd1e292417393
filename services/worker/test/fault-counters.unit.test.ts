import { makeMetrics } from "@openticket/runtime";
import { expect, it } from "vitest";
import { beginAtZero, beginEndpointsAtZero } from "../src/fault-counters.ts";

it("what an operator looks for rises from zero, also of an endpoint, once it is known, and is not set back", async () => {
  const metrics = makeMetrics();
  beginAtZero(metrics);
  beginEndpointsAtZero([{ _id: "crm" }], metrics);
  metrics.counter("event_calls_total", "h", ["endpoint", "result"]).inc({ endpoint: "crm", result: "failed" });
  beginEndpointsAtZero([{ _id: "crm" }, { _id: "erp" }], metrics);
  const { body } = await metrics.expose();
  for (const line of [
    'openticket_mail_notices_total{result="dead"} 0',
    'openticket_event_calls_total{endpoint="crm",result="failed"} 1',
    'openticket_event_calls_total{endpoint="erp",result="failed"} 0',
  ])
    expect(body).toContain(`\n${line}\n`);
});
