import { describe, expect, it } from "vitest";
import { type FindRow, makeCredentialStore, makeDirectory } from "../src/directory.ts";

function makeLookUps() {
  const asked: unknown[] = [];
  const find: FindRow = async (_kind, key) => void asked.push(key);
  return { asked, credentials: makeCredentialStore(find), directory: makeDirectory(find) };
}

describe("a name", () => {
  it("that is longer than any row's is nobody's, and is not looked up", async () => {
    const { asked, credentials, directory } = makeLookUps();
    const long = "n".repeat(256);
    const found = await Promise.all([credentials.credential(long), credentials.admin(long), directory.admin(long), directory.staffOf({ staff: [long] })]);
    expect(found).toEqual([undefined, undefined, undefined, []]);
    expect(asked).toEqual([]);
  });

  it("that a row can have is looked up", async () => {
    const { asked, credentials, directory } = makeLookUps();
    const longest = "n".repeat(255);
    await Promise.all([credentials.credential(longest), credentials.admin(longest), directory.admin(longest)]);
    expect(asked).toEqual([longest, longest, longest]);
  });
});
