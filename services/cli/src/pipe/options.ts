import { parseArgs } from "node:util";
import { messageOf } from "@openticket/runtime";
import { senderPath } from "./sender.ts";

/** Where the email door listens. */
export type Target = { protocol: "smtp" | "lmtp" } & ({ host: string; port: number } | { path: string });

export interface Envelope {
  /** "" for the null sender; undefined, and where none was given that SMTP can say: as the mail tells. */
  from: string | undefined;
  to: string[];
}

export type PipeCommand =
  | { kind: "help" }
  | { kind: "wrong"; reason: string }
  | { kind: "take"; target: Target; envelope: Envelope; spool: string | undefined }
  | { kind: "flush"; target: Target; spool: string };

export const USAGE = `opentickets pipe --to ADDRESS [--to ADDRESS…] [--from SENDER] [where] [--spool DIR]
opentickets pipe --flush --spool DIR [where]

Hands a mail from standard input to the email door, and ends when it is stored.

  --to ADDRESS       mailbox that the mail is for
  --from SENDER      envelope sender; "" or MAILER-DAEMON: none. Else SENDER of the environment, or what the mail says: "From " line, Return-Path, From
  --spool DIR        when the door is away, keep the mail in this folder, synced to the disk, and end with 0
  --flush            hand over what is in the spool; run it from cron
where:
  --smtp HOST:PORT   the door's SMTP (default 127.0.0.1:2525)
  --lmtp HOST:PORT   its LMTP
  --socket PATH      its LMTP on a socket file

Exit codes: 0 stored or spooled, 64 usage, 65 too large, 67 no such mailbox, 69 refused for good, 75 try again later.
`;

const DEFAULT_TARGET: Target = { protocol: "smtp", host: "127.0.0.1", port: 2525 };
/** A mailbox's address as it may stand between < and >; what it means is the door's to say. */
const ADDRESS = /^(?=.{1,500}$)(?:"(?:[^"\\\p{Cc}]|\\\P{Cc})*"@)?[^\s<>\p{Cc}]+$/u;

/** Reads the command line; `sender` is the environment's. Never throws. */
export function readOptions(args: readonly string[], sender: string | undefined): PipeCommand {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        to: { type: "string", multiple: true, default: [] },
        from: { type: "string" },
        spool: { type: "string" },
        flush: { type: "boolean", default: false },
        smtp: { type: "string" },
        lmtp: { type: "string" },
        socket: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return { kind: "help" };
    const target = targetOf(values);
    if (values.flush) return values.spool === undefined ? wrong("--flush needs --spool DIR") : { kind: "flush", target, spool: values.spool };
    if (values.to.length === 0) return wrong("--to ADDRESS is missing");
    const given = [values.from, sender].filter((one) => one !== undefined);
    const from = given.map(senderPath).find((path) => path !== undefined);
    const bad = values.to.find((address) => !ADDRESS.test(address));
    if (bad !== undefined) return wrong(`${JSON.stringify(bad)} is no address`);
    return { kind: "take", target, envelope: { from, to: values.to }, spool: values.spool };
  } catch (error) {
    return wrong(messageOf(error));
  }
}

function wrong(reason: string): PipeCommand {
  return { kind: "wrong", reason };
}

function targetOf({ smtp, lmtp, socket }: { smtp?: string | undefined; lmtp?: string | undefined; socket?: string | undefined }): Target {
  if ([smtp, lmtp, socket].filter((one) => one !== undefined).length > 1) throw new Error("--smtp, --lmtp and --socket: give one of them");
  if (socket !== undefined) return { protocol: "lmtp", path: socket };
  if (lmtp !== undefined) return { protocol: "lmtp", ...hostAndPort("--lmtp", lmtp) };
  return smtp === undefined ? DEFAULT_TARGET : { protocol: "smtp", ...hostAndPort("--smtp", smtp) };
}

function hostAndPort(option: string, text: string): { host: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) > 65_535) throw new Error(`${option}: expected HOST:PORT, got ${JSON.stringify(text)}`);
  return { host, port: Number(port) };
}
