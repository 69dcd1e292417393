import type { MailTemplate, MailView } from "../mail-view.ts";

const bare: MailView = {
  department: { name: "Support" },
  recipient: { name: "" },
  opener: { name: "Ada Lovelace", email: "ada@example.com", kind: "guest" },
  ticket: { id: 1, tid: "516757", subject: "A sample ticket", priority: "Medium", createdAt: "2026-01-02 03:04 (UTC)", channel: "http" },
  message: { html: "<p>A <strong>sample</strong></p>", text: "A sample", length: 8, shown: 8, isCut: false },
  attachments: [],
};
const full: MailView = {
  ...bare,
  recipient: { name: "Ada Lovelace" },
  message: { ...bare.message, length: 90_000, shown: 50_000, isCut: true },
  attachments: [{ name: "plan.pdf", size: "12.5 KiB" }],
};
const link = "https://www.example.com/viewticket.php?tid=516757&c=KPqH7yG3";

/** Data that every template is tried with: as little and as much as a mail may hold. */
export const SAMPLE_VIEWS: Record<MailTemplate, MailView[]> = {
  "ticket-opened": [
    { ...bare, link },
    { ...full, link },
  ],
  "ticket-opened-by-admin": [
    { ...bare, link },
    { ...full, link },
  ],
  "staff-ticket-opened": [bare, full],
};
