import { randomBytes } from "node:crypto";
import { putCredential, type StandingCredential, switchCredential } from "@openticket/store";
import type { Argv } from "yargs";
import type { Command, CommandDeps } from "../command.ts";
import { CliFailure } from "../failure.ts";
import { table } from "../output.ts";

/** Random bytes of a generated secret. */
const SECRET_BYTES = 24;

/** Lifts the limit of addresses, and is shown where there is none. */
const ANY_IP = "any";

const named = (it: Argv) => it.positional("identifier", { type: "string", demandOption: true });

/** `opentickets credentials list|add|enable|disable`: who may call. A secret is shown once, when it is made. */
export const credentialsCommand: Command = (parser, wrap) =>
  parser.command("credentials", "API credentials", (command) =>
    command
      .command("list", "List credentials, without their secrets", {}, wrap(list))
      .command(
        "add <identifier>",
        "Make a credential, or a new secret for one, of which all else stands that is not given; prints the secret once",
        (it) =>
          it
            .positional("identifier", { type: "string", demandOption: true })
            .option("permission", {
              type: "string",
              array: true,
              requiresArg: true,
              describe: "Actions it may use (openticket, getticket, getinbound, sendmail, managewebhooks), or *; a new one: openticket",
            })
            .option("allowed-ip", {
              type: "string",
              array: true,
              requiresArg: true,
              describe: `Addresses or CIDR ranges it may be used from, or ${ANY_IP}; a new one: ${ANY_IP}`,
            })
            .option("admin", { type: "string", requiresArg: true, describe: "Username of the admin behind it" })
            .example("$0 credentials add billing --allowed-ip 10.0.0.0/8", "A credential for one network")
            .example("$0 credentials add billing", "A new secret for it, for the same network"),
        wrap(add),
      )
      .command("enable <identifier>", "Turn a credential on again, with the secret that it has", named, wrap(switchTo(true)))
      .command("disable <identifier>", "Turn a credential off; doors follow within seconds", named, wrap(switchTo(false)))
      .demandCommand(1, "Name what to do: list, add, enable or disable."),
  );

async function list(_argv: object, { connections, output }: CommandDeps): Promise<undefined> {
  const { models } = await connections.store();
  const found = (await models.credentials.find({}, { _id: 0, secretHash: 0, secret: 0 }).sort({ identifier: 1 }).lean()) as unknown as StandingCredential[];
  const rows = found.map((credential) => [credential.identifier, ...standing(credential)]);
  output.answer(found, () => table(["identifier", ...STANDING], rows));
}

async function add(
  argv: { identifier: string; permission?: string[] | undefined; allowedIp?: string[] | undefined; admin?: string | undefined },
  { connections, output }: CommandDeps,
): Promise<undefined> {
  const { identifier, permission: permissions, allowedIp, admin } = argv;
  const allowedIps = allowedIp?.every((ip) => ip === ANY_IP) ? [] : allowedIp;
  const secret = randomBytes(SECRET_BYTES).toString("base64url");
  const outcome = await putCredential(await connections.store(), { identifier, permissions, allowedIps, admin }, secret);
  if (outcome.kind === "refused") throw new CliFailure(outcome.faults.map(({ message }) => message).join("\n"));
  const { kind, credential } = outcome;
  output.answer({ ...credential, secret, isNew: kind === "made" }, () => {
    const values = [credential.identifier, secret, ...standing(credential)];
    return [
      table(
        ["", ""],
        ["identifier", "secret", ...STANDING].map((name, index) => [name, values[index]]),
      ),
      "",
      ...notes(kind, credential),
    ].join("\n");
  });
}

/** What holds for a credential. */
const STANDING = ["may", "from", "admin", "state"];

function standing({ permissions, allowedIps, admin, disabled }: StandingCredential): unknown[] {
  return [permissions.join(" "), allowedIps.join(" ") || ANY_IP, admin, disabled ? "disabled" : "active"];
}

function notes(kind: "made" | "renewed", { identifier, disabled }: StandingCredential): string[] {
  return [
    ...(kind === "renewed" ? ["It was there before: what was not given stands as it was, and its old secret ends within seconds."] : []),
    ...(disabled ? [`It is still disabled; opentickets credentials enable ${identifier} turns it on.`] : []),
    "The secret is not shown again.",
  ];
}

function switchTo(isOn: boolean) {
  return async ({ identifier }: { identifier: string }, { connections, output }: CommandDeps): Promise<undefined> => {
    const isThere = await switchCredential(await connections.store(), identifier, isOn);
    if (!isThere) throw new CliFailure(`There is no credential ${identifier}; see opentickets credentials list.`);
    output.answer({ identifier, disabled: !isOn }, () => `${identifier} is ${isOn ? "enabled" : "disabled"}.`);
  };
}
