import { randomBytes } from "node:crypto";
import { importReferenceData } from "@openticket/store";
import type { Command, CommandDeps } from "../command.ts";
import { CliFailure } from "../failure.ts";
import { table } from "../output.ts";

/** Random bytes of a generated secret. */
const SECRET_BYTES = 24;

/** `opentickets credentials list|add|disable`: who may call. A secret is shown once, when it is made. */
export const credentialsCommand: Command = (parser, wrap) =>
  parser.command("credentials", "API credentials", (command) =>
    command
      .command("list", "List credentials, without their secrets", {}, wrap(list))
      .command(
        "add <identifier>",
        "Make a credential, or a new secret for one; prints the secret once",
        (it) =>
          it
            .positional("identifier", { type: "string", demandOption: true })
            .option("permission", {
              type: "string",
              array: true,
              default: ["openticket"],
              describe: "Actions it may use (openticket, getticket, getinbound, sendmail, managewebhooks), or *",
            })
            .option("allowed-ip", { type: "string", array: true, default: [], describe: "Addresses or CIDR ranges it may be used from" })
            .option("admin", { type: "string", describe: "Username of the admin behind it" })
            .example("$0 credentials add billing --allowed-ip 10.0.0.0/8", "A credential for one network"),
        wrap(add),
      )
      .command(
        "disable <identifier>",
        "Turn a credential off; doors follow within seconds",
        (it) => it.positional("identifier", { type: "string", demandOption: true }),
        wrap(disable),
      )
      .demandCommand(1, "Name what to do: list, add or disable."),
  );

interface Listed {
  identifier: string;
  permissions: string[];
  allowedIps: string[];
  admin?: string;
  disabled: boolean;
}

async function list(_argv: object, { connections, output }: CommandDeps): Promise<undefined> {
  const { models } = await connections.store();
  const found = (await models.credentials.find({}, { _id: 0, secretHash: 0, secret: 0 }).sort({ identifier: 1 }).lean()) as unknown as Listed[];
  const rows = found.map(({ identifier, permissions, allowedIps, admin, disabled }) => [
    identifier,
    permissions.join(" "),
    allowedIps.join(" ") || "any",
    admin,
    disabled ? "disabled" : "active",
  ]);
  output.answer(found, () => table(["identifier", "may", "from", "admin", "state"], rows));
}

async function add(
  argv: { identifier: string; permission: string[]; allowedIp: string[]; admin?: string | undefined },
  { connections, output }: CommandDeps,
): Promise<undefined> {
  const { identifier, permission: permissions, allowedIp: allowedIps, admin } = argv;
  const secret = randomBytes(SECRET_BYTES).toString("base64url");
  const row = { identifier, secret, permissions, allowedIps, ...(admin !== undefined && { admin }) };
  const outcome = await importReferenceData(await connections.store(), [{ name: "credentials.json", text: JSON.stringify([row]) }]);
  if (outcome.kind === "refused") throw new CliFailure(outcome.faults.map(({ message }) => message).join("\n"));
  output.answer({ identifier, secret }, () => `identifier  ${identifier}\nsecret      ${secret}\n\nThe secret is not shown again.`);
}

async function disable({ identifier }: { identifier: string }, { connections, output }: CommandDeps): Promise<undefined> {
  const { models } = await connections.store();
  const { matchedCount } = await models.credentials.updateOne({ _id: identifier }, { $set: { disabled: true } });
  if (matchedCount === 0) throw new CliFailure(`There is no credential ${identifier}; see opentickets credentials list.`);
  output.answer({ identifier, disabled: true }, () => `${identifier} is disabled.`);
}
