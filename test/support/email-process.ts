import { type Running, startProcess } from "./processes.ts";
import { testMongoUrl, testRedisUrl } from "./servers.ts";

export const EMAIL_DOOR = "services/ingress/dist/main-email.js";

/** The email door as a process of its own. */
export interface EmailProcess extends Running {
  smtpPort: number;
  lmtpPort: number;
  /** Of health and metrics. */
  operationsUrl: string;
}

/** Starts the built email door on a database and queue prefix of that name. */
export async function startEmailProcess(name: string, env: Record<string, string> = {}): Promise<EmailProcess> {
  const running = await startProcess(EMAIL_DOOR, {
    MONGODB_URL: testMongoUrl(name),
    REDIS_URL: testRedisUrl(),
    QUEUE_PREFIX: name,
    SMTP_PORT: "0",
    LMTP_PORT: "0",
    METRICS_PORT: "0",
    SMTP_NAME: "mx.example.test",
    LOG_LEVEL: "info",
    ...env,
  });
  const portOf = (scheme: string) => Number(new RegExp(`"${scheme}://[^"]*:(\\d+)"`).exec(running.readyLine)?.[1]);
  return { ...running, smtpPort: portOf("smtp"), lmtpPort: portOf("lmtp"), operationsUrl: /http:\/\/[\d.:]+/.exec(running.readyLine)?.[0] ?? "" };
}
