import { z } from "zod";
import { LIMITS } from "./limits.ts";

const id = z.int();
const text = z.string();

/** An attachment whose content is in the blob store already. `size` in bytes, `sha256` in lower-case hex. */
export const attachmentRef = z.object({
  name: z.string().min(1).max(LIMITS.attachmentNameLength),
  contentType: z.string().max(255),
  size: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type AttachmentRef = z.infer<typeof attachmentRef>;

/** A small attachment that travels in the command; `data` is base64. The worker moves it to the blob store. */
export const inlineAttachment = z.object({
  name: z.string().min(1).max(LIMITS.attachmentNameLength),
  contentType: z.string().max(255).optional(),
  data: z.base64(),
});
export type InlineAttachment = z.infer<typeof inlineAttachment>;

export const attachment = z.union([attachmentRef, inlineAttachment]);
export type Attachment = z.infer<typeof attachment>;

/** The parameters of the call with real types. Absent means "not given"; what is missing or wrong is the worker's to say. */
export const ticketParams = z.object({
  deptid: id.optional(),
  subject: text.optional(),
  message: text.optional(),
  clientid: id.optional(),
  userid: id.optional(),
  contactid: id.optional(),
  name: text.optional(),
  email: text.optional(),
  priority: text.optional(),
  created: text.optional(),
  serviceid: id.optional(),
  domainid: id.optional(),
  admin: z.boolean().optional(),
  noemail: z.boolean().optional(),
  markdown: z.boolean().optional(),
  customfields: z.record(z.string(), z.json()).optional(),
  attachments: z.array(attachment).max(LIMITS.attachments).optional(),
  preventClientClosure: z.boolean().optional(),
});
export type TicketParams = z.infer<typeof ticketParams>;
