import { makeMemoryMailFolders } from "../src/index.ts";
import { mailFoldersSuite } from "./testkit/mail-folders.suite.ts";

mailFoldersSuite(async () => makeMemoryMailFolders({ nowMs: () => performance.now() }));
