import type { InboundRecord } from "@openticket/contract";
import type { UnderstoodMail } from "@openticket/mail";
import { authorOf } from "./addresses.ts";
import { findDepartment } from "./department.ts";
import type { MailCase } from "./mail-case.ts";
import type { MailDeps } from "./ports.ts";
import { identifySender } from "./sender.ts";
import { findByProof, findTicket } from "./thread.ts";

/** A {@link MailCase} in which nothing has been asked yet. */
export function makeMailCase(mail: UnderstoodMail, record: InboundRecord, deps: MailDeps): MailCase {
  const mailCase: MailCase = {
    mail,
    record,
    deps,
    author: authorOf(mail, record.source.envelopeFrom),
    authenticity: once(() => deps.authenticate(mail, record)),
    sender: once(() => identifySender(mailCase)),
    proof: once(() => findByProof(mailCase)),
    thread: once(() => findTicket(mailCase)),
    department: once(() => findDepartment(mailCase)),
    silence: [],
  };
  return mailCase;
}

function once<T>(find: () => Promise<T>): () => Promise<T> {
  let found: Promise<T> | undefined;
  return () => {
    found ??= find();
    return found;
  };
}
