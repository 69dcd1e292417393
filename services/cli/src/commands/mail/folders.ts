import { makeMongoMailFolders } from "@openticket/store";
import type { Command, CommandDeps } from "../../command.ts";
import { ago, table } from "../../output.ts";

/** `opentickets mail folders`: what is fetched by IMAP. */
export const mailFolders: Command = (parser, wrap) =>
  parser.command("folders", "IMAP folders: who reads them, what fails, and what was left in them", {}, wrap(list));

async function list(_argv: object, { connections, output }: CommandDeps): Promise<undefined> {
  const folders = await makeMongoMailFolders(await connections.store()).all();
  const rows = folders.map(({ folder, holder, failing, skipped }) => [folder, holder ?? "nobody", String(failing.length), String(skipped.length)]);
  const left = folders.flatMap(({ folder, skipped }) => skipped.map(({ uid, reason, at }) => [folder, String(uid), reason, ago(at)]));
  output.answer(folders, () => {
    if (rows.length === 0) return "No IMAP folders.";
    const overview = table(["folder", "read by", "failing", "left"], rows);
    return left.length === 0 ? overview : `${overview}\n\n${table(["folder", "uid", "left because", "since"], left)}`;
  });
}
