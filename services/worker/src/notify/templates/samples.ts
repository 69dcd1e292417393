import type { MailTemplate } from "../letter.ts";
import type { MailView } from "../mail-view.ts";

const bare: MailView = {
  department: { name: "Support" },
  recipient: { name: "" },
  opener: { name: "Ada Lovelace", email: "ada@example.com", kind: "guest" },
  ticket: { id: 1, tid: "516757", subject: "A sample ticket", priority: "Medium", createdAt: "2026-01-02 03:04 (UTC)", channel: "http" },
  message: { html: "<p>A <strong>sample</strong></p>", text: "A sample", length: 8, shown: 8, isCut: false },
  attachments: [],
  isUnverified: false,
};
const full: MailView = {
  ...bare,
  recipient: { name: "Ada Lovelace" },
  message: { ...bare.message, length: 90_000, shown: 50_000, isCut: true },
  attachments: [{ name: "plan.pdf", size: "12.5 KiB" }],
  isUnverified: true,
};
const reply = { author: { name: "Grace Hopper", email: "", kind: "admin" }, createdAt: "2026-01-02 04:05 (UTC)", status: "Answered" };
const answer = { author: { name: "Ada Lovelace", email: "ada@example.com", kind: "client" }, createdAt: "2026-01-02 05:06 (UTC)", status: "Customer-Reply" };
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
  "reply-to-opener": [
    { ...bare, link, reply },
    { ...full, link, reply },
  ],
  "staff-reply-added": [
    { ...bare, reply: answer },
    { ...full, reply: answer },
  ],
};
