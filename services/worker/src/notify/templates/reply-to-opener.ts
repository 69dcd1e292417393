import { MESSAGE_HTML, MESSAGE_TEXT, page, SUBJECT } from "./page.ts";

/** To the opener: our staff has answered ("Support Ticket Response"). */
export const replyToOpener = {
  subject: SUBJECT,
  html: page(`<p>Hello<% if (it.recipient.name) { %> <bdi><%= it.recipient.name %></bdi><% } %>,</p>
<p><bdi><%= it.reply.author.name %></bdi> has answered your ticket.</p>
${MESSAGE_HTML}
<p>Ticket: <strong><%= it.ticket.tid %></strong><br>
Subject: <bdi><%= it.ticket.subject %></bdi><br>
Department: <bdi><%= it.department.name %></bdi><br>
Status: <bdi><%= it.reply.status %></bdi><br>
Answered: <%= it.reply.createdAt %></p>
<p><a href="<%= it.link %>" style="display:inline-block;padding:10px 18px;background:#1d5fbf;color:#ffffff;text-decoration:none;border-radius:4px">View your ticket</a></p>
<p style="font-size:13px;color:#52606d">The link opens your ticket without a login: do not pass it on.<br><%= it.link %></p>
<p>When you answer by mail, keep the ticket number in the subject.</p>
<p><bdi><%= it.department.name %></bdi></p>`),
  text: `Hello<% if (it.recipient.name) { %> <%= it.recipient.name %><% } %>,

<%= it.reply.author.name %> has answered your ticket.

${MESSAGE_TEXT}

Ticket:     <%= it.ticket.tid %>
Subject:    <%= it.ticket.subject %>
Department: <%= it.department.name %>
Status:     <%= it.reply.status %>
Answered:   <%= it.reply.createdAt %>

View your ticket (the link opens it without a login: do not pass it on):
<%= it.link %>

When you answer by mail, keep the ticket number in the subject.

<%= it.department.name %>
`,
};
