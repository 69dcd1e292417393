import { openerMail } from "./opener-mail.ts";

/** To the opener: we have your ticket. */
export const ticketOpened = openerMail(`thank you for your message. We have opened a ticket for it and will answer
as soon as we can.`);
