import { testMongoUrl, testRedisUrl } from "../../../../test/support/servers.ts";
import { runCli } from "../../src/index.ts";

/** What the secrets of webhooks are sealed with. */
const SECRETS_KEY = Buffer.alloc(32, 5).toString("base64");

export interface Said {
  code: number;
  out: string;
  err: string;
}

/** The command line as an operator types it, on the database and queue prefix of that name; `more`: further variables. */
export function operatorOf(
  name: () => string,
  more: Record<string, string> = {},
): {
  opentickets(...args: string[]): Promise<Said>;
  asJson(...args: string[]): Promise<ReturnType<typeof JSON.parse>>;
} {
  async function opentickets(...args: string[]): Promise<Said> {
    const said = { out: "", err: "" };
    const into = (where: "out" | "err") => ({
      write(text: string) {
        said[where] += text;
      },
    });
    const env = { MONGODB_URL: testMongoUrl(name()), REDIS_URL: testRedisUrl(), QUEUE_PREFIX: name(), SECRETS_KEY, ...more };
    const code = await runCli(args, { env, out: into("out"), err: into("err"), columns: 120 });
    return { code, ...said };
  }
  return { opentickets, asJson: async (...args) => JSON.parse((await opentickets(...args, "--json")).out) };
}
