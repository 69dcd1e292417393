import { MESSAGE_HTML, MESSAGE_TEXT, page, SUBJECT } from "./page.ts";

/** The templates of a mail to the opener: the introduction, the ticket's facts, the link, the message. */
export function openerMail(intro: string) {
  return {
    subject: SUBJECT,
    html: page(`<p>Hello<% if (it.recipient.name) { %> <bdi><%= it.recipient.name %></bdi><% } %>,</p>
<p>${intro}</p>
<p>Ticket: <strong><%= it.ticket.tid %></strong><br>
Subject: <bdi><%= it.ticket.subject %></bdi><br>
Department: <bdi><%= it.department.name %></bdi><br>
Priority: <%= it.ticket.priority %><br>
Opened: <%= it.ticket.createdAt %></p>
<p><a href="<%= it.link %>" style="display:inline-block;padding:10px 18px;background:#1d5fbf;color:#ffffff;text-decoration:none;border-radius:4px">View your ticket</a></p>
<p style="font-size:13px;color:#52606d">The link opens your ticket without a login: do not pass it on.<br><%= it.link %></p>
${MESSAGE_HTML}
<p>When you answer by mail, keep the ticket number in the subject.</p>
<p><bdi><%= it.department.name %></bdi></p>`),
    text: `Hello<% if (it.recipient.name) { %> <%= it.recipient.name %><% } %>,

${intro}

Ticket:     <%= it.ticket.tid %>
Subject:    <%= it.ticket.subject %>
Department: <%= it.department.name %>
Priority:   <%= it.ticket.priority %>
Opened:     <%= it.ticket.createdAt %>

View your ticket (the link opens it without a login: do not pass it on):
<%= it.link %>

${MESSAGE_TEXT}

When you answer by mail, keep the ticket number in the subject.

<%= it.department.name %>
`,
  };
}
