import type { Addressed, MailCase } from "./mail-case.ts";

/** Addresses of a mail that are asked for a mailbox. */
const MAX_ASKED = 50;

/**
 * The department that a mail is for. A door with an envelope has delivered it to one mailbox, and that one counts: its
 * twin at another mailbox is a message of its own. A mailbox that serves several addresses (IMAP, a catch-all pipe) is
 * told apart by the recipients: To, then Cc, then what the delivery left in the headers.
 */
export async function findDepartment(mailCase: MailCase): Promise<Addressed> {
  const { record, deps } = mailCase;
  const { address, because } = (await mailboxOf(mailCase)) ?? { address: record.mailbox, because: `mailbox ${record.mailbox}` };
  const mailbox = await deps.directory.mailbox(address);
  if (!mailbox) return { department: undefined, because: `${address} is no department's address` };
  const department = await deps.directory.department(mailbox.deptid);
  return { department, because: department ? because : `department ${mailbox.deptid} of ${address} is not there` };
}

async function mailboxOf({ mail, record, deps }: MailCase): Promise<{ address: string; because: string } | undefined> {
  if (record.source.envelopeTo.length > 0) return undefined;
  const asked = [
    ...mail.to.map(({ address }) => ({ field: "To", address })),
    ...mail.cc.map(({ address }) => ({ field: "Cc", address })),
    ...mail.deliveredTo.map((address) => ({ field: "Delivered-To", address })),
  ];
  for (const { field, address } of asked.slice(0, MAX_ASKED)) {
    const mailbox = await deps.directory.mailbox(address);
    if (mailbox) return { address: mailbox.address, because: `${field}: ${mailbox.address}` };
  }
  return undefined;
}
