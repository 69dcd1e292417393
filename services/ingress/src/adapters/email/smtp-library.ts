import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { SMTPServer } from "smtp-server";
import { SMTPConnection, type SMTPConnectionOptions } from "smtp-server/lib/smtp-connection.js";
import type { SmtpAnswer } from "./answers.ts";

/**
 * The library's server with three things that it lacks: enhanced status codes of our own choice (it has one for each reply
 * code), a way to end a connection by its session's id, and local parts in quotes (it splits a command at its blanks).
 */
export class MailServer extends SMTPServer {
  override connect(socket: Socket | TLSSocket, options?: SMTPConnectionOptions | null): void {
    const connection = new MailConnection(this, socket, options);
    this.connections.add(connection);
    connection.on("error", (error) => this.emit("error", error));
    connection.init();
  }

  /** Says why and ends the connection; what it was sending is broken off. */
  hangUp(sessionId: string, answer: SmtpAnswer): void {
    for (const connection of this.connections) if (connection.id === sessionId) connection.send(answer.responseCode, answer.message);
  }

  /** Ends the connections that have no message under way, and takes no new ones; ends when the others have. */
  stop(answer: SmtpAnswer): Promise<void> {
    return new Promise((resolve) => {
      this.close(() => resolve());
      for (const { id, _dataStream: isReceiving } of this.connections) if (!isReceiving) this.hangUp(id, answer);
    });
  }
}

const STATUS = /^\d\.\d{1,3}\.\d{1,3} /;

class MailConnection extends SMTPConnection {
  override send(code: number, data?: string | string[] | null, context?: string | false): void {
    super.send(code, data, typeof data === "string" && STATUS.test(data) ? false : context);
  }

  /** The library reads the command with a plain local part in place of the quoted one. */
  override _parseAddressCommand(name: string, command: Buffer | string): ReturnType<SMTPConnection["_parseAddressCommand"]> {
    const text = command.toString();
    const [quoted, before, content = "", after] = QUOTED_PATH.exec(text) ?? [];
    if (quoted === undefined) return super._parseAddressCommand(name, text);
    const parsed = super._parseAddressCommand(name, `${before}${STAND_IN}${after}${text.slice(quoted.length)}`);
    return parsed && { ...parsed, address: `${localPart(content)}${parsed.address.slice(STAND_IN.length)}` };
  }
}

/** A path behind its command, with a source route or none, whose local part is in quotes; no controls, and no letters without width. */
const QUOTED_PATH = /^([^<"]*<(?:@[^:>"]*:)?)"((?:[^"\\\p{Cc}\u200b\u2060\ufeff]|\\[^\p{Cc}\u200b\u2060\ufeff])*)"(@[^<>"]*>)/u;
const STAND_IN = "quoted";
/** What needs no quotes. */
const DOT_STRING = /^[^\s"(),.:;<>@[\\\]]+(?:\.[^\s"(),.:;<>@[\\\]]+)*$/;

/** Of all spellings of one local part the same one: without quotes where it needs none (RFC 5321 4.1.2). */
function localPart(quoted: string): string {
  const text = quoted.replace(/\\(.)/gu, "$1");
  return DOT_STRING.test(text) ? text : `"${text.replace(/["\\]/g, "\\$&")}"`;
}
