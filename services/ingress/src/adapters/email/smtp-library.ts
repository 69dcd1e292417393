import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { SMTPServer } from "smtp-server";
import { SMTPConnection, type SMTPConnectionOptions } from "smtp-server/lib/smtp-connection.js";
import type { SmtpAnswer } from "./answers.ts";

/**
 * The library's server with two things that it lacks: enhanced status codes of our own choice (it has one for each reply
 * code), and a way to end a connection by its session's id.
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
}
