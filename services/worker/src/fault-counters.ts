import type { Metrics } from "@openticket/runtime";

/** Counters whose rise an operator is to look into. A rise shows only against a value before it, so they begin at zero. */

export const deadTotal = (metrics: Metrics) => metrics.counter("dead_total", "Requests that will not run again by themselves", ["code"]);
export const retriesTotal = (metrics: Metrics) =>
  metrics.counter("retries_total", "Requests put back: after a fault, or to wait for another one (order)", ["cause"]);
export const restartsTotal = (metrics: Metrics) =>
  metrics.counter("consumer_restarts_total", "Consumers begun anew because they took nothing though work was waiting");
export const requeuedTotal = (metrics: Metrics) =>
  metrics.counter("requests_requeued_total", "Accepted requests that the queue had lost and that were put into it again");
export const deliveriesTotal = (metrics: Metrics) => metrics.counter("deliveries_total", "Deliveries by kind and result", ["kind", "result"]);
export const noticesTotal = (metrics: Metrics) => metrics.counter("mail_notices_total", "Mails that say why another was refused, by result", ["result"]);
export const eventCallsTotal = (metrics: Metrics) => metrics.counter("event_calls_total", "Calls to endpoints by result", ["endpoint", "result"]);

const DEATHS = ["failed", "poison", "action_unknown", "command_unreadable"];
const CAUSES = ["order", "outage", "unknown"];
const NOTICES = ["sent", "retry", "dead"];
const CALLS = ["delivered", "retry", "failed"];
const DELIVERIES = ["reply", "mail", "event", "ticket"];

/** Shows all of them, before anything has happened. */
export function beginAtZero(metrics: Metrics): void {
  for (const code of DEATHS) deadTotal(metrics).inc({ code }, 0);
  for (const cause of CAUSES) retriesTotal(metrics).inc({ cause }, 0);
  for (const kind of DELIVERIES) deliveriesTotal(metrics).inc({ kind, result: "dead" }, 0);
  for (const result of NOTICES) noticesTotal(metrics).inc({ result }, 0);
  restartsTotal(metrics);
  requeuedTotal(metrics);
}

/** The same of what is counted for each endpoint, once it is known. */
export function beginEndpointsAtZero(endpoints: readonly { _id: string }[], metrics: Metrics): void {
  for (const { _id: endpoint } of endpoints) for (const result of CALLS) eventCallsTotal(metrics).inc({ endpoint, result }, 0);
}
