import type { SMTPServerOptions } from "smtp-server";
import { type DialogueDeps, type DialogueOptions, makeDialogue } from "./dialogue.ts";
import { MailServer } from "./smtp-library.ts";

/**
 * The SMTP and LMTP door: takes a message for configured mailboxes into the store, and only then says yes.
 *
 * | after      | answer                | why |
 * | ---        | ---                   | --- |
 * | connecting | 220                   | |
 * |            | 421 4.3.2             | the store or the queue does not answer or is full, or an operator has closed the doors |
 * |            | 421 4.7.0             | too many connections from this address, at once or in a minute |
 * |            | 421                   | too many connections in all; talking before the greeting; HTTP; a command line without end |
 * | AUTH       | 235 2.7.0             | |
 * |            | 535 5.7.8, 454 4.7.0  | a wrong login; logins cannot be checked now |
 * |            | 421 4.7.0             | too many wrong logins from this address in a minute |
 * |            | 538 5.7.0             | without TLS |
 * | MAIL       | 250 2.1.0             | |
 * |            | 451 4.3.2, 451 4.7.1  | as after connecting; too many messages from this address in a minute |
 * |            | 530 5.7.0             | not logged in, where that is required |
 * |            | 552 5.3.4             | it announces more bytes than are taken |
 * |            | 555 5.5.4             | a parameter of no extension that the door knows; after RCPT as well |
 * | RCPT       | 250 2.1.5             | |
 * |            | 550 5.1.1             | no configured mailbox; nothing is relayed |
 * |            | 451 4.3.2, 452 4.5.3  | mailboxes cannot be looked up now; too many recipients of one message |
 * |            | 421 4.7.0             | too many recipients that do not exist |
 * | the dot    | 250 2.6.0             | the message is stored, journaled on a majority; LMTP says so for each recipient |
 * |            | 552 5.3.4, 554 5.4.6  | larger than is taken; too many Received headers: a loop |
 * |            | 451 4.3.2, 451 4.3.0  | the store could not take it; another fault of ours |
 * | any time   | 421 4.4.2, 421 4.3.2  | idle, too slow or too long; the service stops |
 *
 * A message is never refused for its shape: what cannot be understood is for the operator's quarantine. Everything else
 * (500 to 504) is about the syntax and order of commands, and is the library's.
 */
export interface MailDoorOptions extends DialogueOptions {
  /** Host name in the greeting. */
  name: string;
  maxConnections: number;
  maxRecipients: number;
  idleTimeoutMs: number;
  /** TLS from the first byte; otherwise by STARTTLS where there is a certificate. */
  isSecure: boolean;
  tls: { key: Buffer; cert: Buffer } | undefined;
  auth: "off" | "optional" | "required";
  /** Addresses that begin with a PROXY header, and addresses whose XCLIENT is believed. */
  proxyHosts: string[];
  xclientHosts: string[];
}

/** Longest command line, bytes: long enough for a login's token. */
const MAX_COMMAND_BYTES = 8192;

/** Makes a server that does not listen yet. */
export function makeMailDoor(options: MailDoorOptions, deps: DialogueDeps): MailServer {
  const dialogue = makeDialogue(options, deps, (sessionId, answer) => server.hangUp(sessionId, answer));
  const answering = <T>(step: Promise<T>, callback: (error?: Error | null, result?: T) => void): void => {
    step.then(
      (result) => callback(null, result),
      (error: unknown) => callback(dialogue.refuse(error)),
    );
  };
  const server = new MailServer({
    ...libraryOptions(options),
    onConnect: (session, callback) => answering(dialogue.connected(session), callback),
    onAuth: (auth, session, callback) => answering(dialogue.login(auth, session), callback),
    onMailFrom: (path, session, callback) => answering(dialogue.sender(path, session), callback),
    onRcptTo: (path, session, callback) => answering(dialogue.recipient(path, session), callback),
    onData: (stream, session, callback) => answering(dialogue.message(stream, session), callback),
    onClose: (session) => dialogue.closed(session),
  });
  // Of single connections: they are gone, and the others are not concerned.
  server.on("error", (err) => deps.logger.debug({ err }, "connection failed"));
  return server;
}

function libraryOptions(options: MailDoorOptions): SMTPServerOptions {
  const { protocol, tls, auth } = options;
  const isLmtp = protocol === "lmtp";
  return {
    name: options.name,
    lmtp: isLmtp,
    secure: options.isSecure,
    ...(tls && { key: tls.key, cert: tls.cert }),
    size: options.maxBytes,
    maxClients: options.maxConnections,
    maxRecipients: options.maxRecipients,
    maxCommandLength: MAX_COMMAND_BYTES,
    socketTimeout: options.idleTimeoutMs,
    useProxy: options.proxyHosts,
    useXClient: options.xclientHosts,
    authMethods: ["PLAIN", "LOGIN"],
    authOptional: auth !== "required",
    hideENHANCEDSTATUSCODES: false,
    // Old devices send addresses that no standard knows; whether it is a mailbox decides.
    lenientAddressParsing: true,
    disableReverseLookup: true,
    logger: false,
    disabledCommands: [...(tls && !isLmtp ? [] : ["STARTTLS"]), ...(auth === "off" || isLmtp ? ["AUTH"] : []), "WIZ", "SHELL", "KILL", "XFORWARD"],
  };
}
