import { z } from "zod";
import { ticketParams } from "./ticket-params.ts";

const { message, markdown, clientid, contactid, name, email, noemail, customfields, attachments, created } = ticketParams.shape;

/** The parameters of AddTicketReply with real types. Absent means "not given"; what is missing or wrong is the worker's to say. */
export const replyParams = z.object({
  ticketid: z.int().optional(),
  message,
  markdown,
  clientid,
  contactid,
  /** Makes it a reply of the staff, by the admin with that username. */
  adminusername: z.string().optional(),
  name,
  email,
  /** Status that the ticket gets, in place of the one that follows from who replies. */
  status: z.string().optional(),
  noemail,
  customfields,
  attachments,
  created,
});
export type ReplyParams = z.infer<typeof replyParams>;
