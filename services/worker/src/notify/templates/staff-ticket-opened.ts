import { MESSAGE_HTML, MESSAGE_TEXT, page, SUBJECT, UNVERIFIED_HTML, UNVERIFIED_TEXT } from "./page.ts";

/** To the department's staff: a ticket has come in. It holds no access code. */
export const staffTicketOpened = {
  subject: SUBJECT,
  html: page(`<p>A new ticket was opened in <bdi><%= it.department.name %></bdi>.</p>
<p>Ticket: <strong><%= it.ticket.tid %></strong> (id <%= it.ticket.id %>)<br>
Subject: <bdi><%= it.ticket.subject %></bdi><br>
From: <bdi><%= it.opener.name %></bdi> (<%= it.opener.kind %>), <bdi><%= it.opener.email %></bdi><br>
Priority: <%= it.ticket.priority %><br>
Opened: <%= it.ticket.createdAt %>, by <%= it.ticket.channel %></p>
${UNVERIFIED_HTML}${MESSAGE_HTML}`),
  text: `A new ticket was opened in <%= it.department.name %>.

Ticket:   <%= it.ticket.tid %> (id <%= it.ticket.id %>)
Subject:  <%= it.ticket.subject %>
From:     <%= it.opener.name %> (<%= it.opener.kind %>), <%= it.opener.email %>
Priority: <%= it.ticket.priority %>
Opened:   <%= it.ticket.createdAt %>, by <%= it.ticket.channel %>

${UNVERIFIED_TEXT}${MESSAGE_TEXT}
`,
};
