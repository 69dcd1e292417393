import { spawnSync } from "node:child_process";

/** The commit of this clone, short, with "+changes" where files that belong to it differ; undefined where there is no git, or no clone. */
export function commitOf(root: string): string | undefined {
  // A repository around this folder is another one.
  const args = ["--git-dir=.git", "describe", "--always", "--exclude=*", "--dirty=+changes"];
  const { status, stdout } = spawnSync("git", args, { cwd: root, encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}
