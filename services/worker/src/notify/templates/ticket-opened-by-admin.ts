import { openerMail } from "./opener-mail.ts";

/** To the opener: one of our staff has opened a ticket for you. */
export const ticketOpenedByAdmin = openerMail("our staff has opened a ticket for you.");
