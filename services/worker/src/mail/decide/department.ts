import type { Addressed, MailCase } from "./mail-case.ts";

/** Addresses of a mail that are asked for a mailbox. */
const MAX_ASKED = 50;

/**
 * The department that a mail is for. A door with an envelope has delivered it to one mailbox, and that one counts: its
 * twin at another mailbox is a message of its own. Where one message is for several (one shared ticket), and where a
 * mailbox serves several addresses (IMAP, a catch-all), the recipients tell: To, then Cc, then what the delivery left.
 */
export async function findDepartment(mailCase: MailCase): Promise<Addressed> {
  const { record, deps } = mailCase;
  const { address, because } = (await mailboxByRecipients(mailCase)) ?? { address: record.mailbox, because: `mailbox ${record.mailbox}` };
  const mailbox = await deps.directory.mailbox(address);
  if (!mailbox) return { department: undefined, because: `${address} is no department's address` };
  const department = await deps.directory.department(mailbox.deptid);
  return { department, because: department ? because : `department ${mailbox.deptid} of ${address} is not there` };
}

async function mailboxByRecipients(mailCase: MailCase): Promise<{ address: string; because: string } | undefined> {
  const { mail, record, deps } = mailCase;
  const enveloped = await mailboxesOf(record.source.envelopeTo, mailCase);
  if (enveloped.size === 1) return undefined;
  const asked = [
    ...mail.to.map(({ address }) => ({ field: "To", address })),
    ...mail.cc.map(({ address }) => ({ field: "Cc", address })),
    ...mail.deliveredTo.map((address) => ({ field: "Delivered-To", address })),
  ];
  for (const { field, address } of asked.slice(0, MAX_ASKED)) {
    const mailbox = await deps.directory.mailbox(address);
    const isMeant = mailbox && (enveloped.size === 0 || enveloped.has(mailbox.address));
    if (isMeant) return { address: mailbox.address, because: `${field}: ${mailbox.address}` };
  }
  return undefined;
}

async function mailboxesOf(addresses: readonly string[], { deps }: MailCase): Promise<Set<string>> {
  const found = await Promise.all(addresses.slice(0, MAX_ASKED).map((address) => deps.directory.mailbox(address)));
  return new Set(found.flatMap((mailbox) => (mailbox ? [mailbox.address] : [])));
}
