/** The page around the content of each HTML mail. Styles stand in the elements: mail programs drop style sheets. */
export function page(content: string): string {
  return `<!doctype html>
<html>
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Ticket <%= it.ticket.tid %></title></head>
<body style="margin:0;padding:24px;background:#f4f5f7;font-family:Arial,Helvetica,sans-serif;font-size:15px;line-height:1.5;color:#1f2933">
<div style="max-width:640px;margin:0 auto;padding:24px;background:#ffffff;border:1px solid #d9dee4;border-radius:6px">
${content}
</div>
</body>
</html>
`;
}

/** The ticket's message in HTML, apart from our own words: its own block, its own direction of text. */
export const MESSAGE_HTML = `<div dir="auto" style="margin:16px 0;padding:12px 16px;background:#f8f9fb;border-left:4px solid #b8c2cc;overflow-wrap:anywhere"><%~ it.message.html %></div>
<% if (it.message.isCut) { -%>
<p><em>The message was cut here: the first <%= it.message.shown %> of <%= it.message.length %> characters are shown. The ticket holds all of it.</em></p>
<% } -%>
<% if (it.attachments.length > 0) { -%>
<p style="margin-bottom:0">Attachments, kept with the ticket:</p>
<ul style="margin-top:4px">
<% for (const file of it.attachments) { -%>
<li><bdi><%= file.name %></bdi> (<%= file.size %>)</li>
<% } -%>
</ul>
<% } %>`;

/** The same in text. Lines stay below 77 characters: then ASCII travels as it is, and links can be read in the source. */
export const MESSAGE_TEXT = `----------------------------------------------------------------------
<%= it.message.text %>
----------------------------------------------------------------------
<% if (it.message.isCut) { -%>
The message was cut here: the first <%= it.message.shown %> of <%= it.message.length %>
characters are shown. The ticket holds all of it.
<% } -%>
<% if (it.attachments.length > 0) { -%>

Attachments, kept with the ticket:
<% for (const file of it.attachments) { -%>
  - <%= file.name %> (<%= file.size %>)
<% } -%>
<% } %>`;

/** A warning to staff, where a mail's sender could not be verified. */
export const UNVERIFIED_HTML = `<% if (it.isUnverified) { -%>
<p><strong>The sender of this mail could not be verified: it may be from somebody else.</strong></p>
<% } -%>
`;

/** The same in text. */
export const UNVERIFIED_TEXT = `<% if (it.isUnverified) { -%>
The sender of this mail could not be verified: it may be from somebody else.

<% } -%>
`;

/** Subject of every mail: the marker is how an answer finds its ticket. */
export const SUBJECT = "[Ticket ID: <%= it.ticket.tid %>] <%= it.ticket.subject %>";
