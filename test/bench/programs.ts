/** What is measured, and what it is measured against. */
export const OUR_WORKER = "services/worker/dist/main.js";
export const OUR_DOOR = "services/ingress/dist/main-http.js";
export const OUR_EMAIL_DOOR = "services/ingress/dist/main-email.js";
export const PLAIN_WORKER = "test/bench/baselines/plain-worker.ts";
export const NOOP_WORKER = "test/bench/baselines/noop-worker.ts";
export const BARE_DOOR = "test/bench/baselines/bare-door.ts";
export const WAITING_DOOR = "test/bench/baselines/waiting-door.ts";
export const FILE_DOOR = "test/bench/baselines/file-door.ts";
export const MAIL_PROGRAM = "test/bench/baselines/mail-program.ts";
export const MAIL_SINK = "test/bench/baselines/mail-sink.ts";
export const QUEUE = "open-ticket";
