import type { Command, CommandDeps } from "../../command.ts";
import { ago, table } from "../../output.ts";
import { openSources, shownSource } from "./sources.ts";

/** `opentickets webhook list`: by name. */
export const webhookList: Command = (parser, wrap) => parser.command("list", "List sources, without their secrets", {}, wrap(list));

async function list(_argv: object, deps: CommandDeps): Promise<undefined> {
  const { sources } = await openSources(deps);
  const found = await sources.all();
  const rows = found.map(({ _id, kind, isEnabled, secrets, mailbox, updatedAt }) => [
    _id,
    kind,
    isEnabled ? "enabled" : "disabled",
    String(secrets.length),
    mailbox,
    ago(updatedAt),
  ]);
  deps.output.answer(found.map(shownSource), () =>
    rows.length === 0
      ? "No sources of webhooks; opentickets webhook set makes one."
      : table(["source", "kind", "state", "secrets", "mailbox", "changed"], rows),
  );
}
