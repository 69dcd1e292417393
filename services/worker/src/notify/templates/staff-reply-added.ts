import { MESSAGE_HTML, MESSAGE_TEXT, page, SUBJECT, UNVERIFIED_HTML, UNVERIFIED_TEXT } from "./page.ts";

/** To the department's staff: the client has replied. It holds no access code. */
export const staffReplyAdded = {
  subject: SUBJECT,
  html: page(`<p>A reply has come to a ticket in <bdi><%= it.department.name %></bdi>.</p>
<p>Ticket: <strong><%= it.ticket.tid %></strong> (id <%= it.ticket.id %>)<br>
Subject: <bdi><%= it.ticket.subject %></bdi><br>
From: <bdi><%= it.reply.author.name %></bdi> (<%= it.reply.author.kind %>), <bdi><%= it.reply.author.email %></bdi><br>
Status: <bdi><%= it.reply.status %></bdi><br>
Priority: <%= it.ticket.priority %><br>
Replied: <%= it.reply.createdAt %></p>
${UNVERIFIED_HTML}${MESSAGE_HTML}`),
  text: `A reply has come to a ticket in <%= it.department.name %>.

Ticket:   <%= it.ticket.tid %> (id <%= it.ticket.id %>)
Subject:  <%= it.ticket.subject %>
From:     <%= it.reply.author.name %> (<%= it.reply.author.kind %>), <%= it.reply.author.email %>
Status:   <%= it.reply.status %>
Priority: <%= it.ticket.priority %>
Replied:  <%= it.reply.createdAt %>

${UNVERIFIED_TEXT}${MESSAGE_TEXT}
`,
};
