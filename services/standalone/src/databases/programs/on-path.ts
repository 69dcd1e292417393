import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Way } from "./find-program.ts";

/** The way of a program that is installed: the first of `names` in the folders of `searchPath`. */
export function onPath({ names, searchPath }: { names: readonly string[]; searchPath: string }): Way {
  return async () => {
    for (const name of names) {
      for (const folder of searchPath.split(delimiter).filter(Boolean)) {
        const path = join(folder, name);
        if (await isExecutable(path)) return { kind: "found", path, origin: path, isNew: false };
      }
    }
    return { kind: "missing", reason: `no ${names.join(" or ")} on PATH` };
  };
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
