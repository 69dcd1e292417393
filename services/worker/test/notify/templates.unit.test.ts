import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { compileTemplates, readTemplates, TemplateBroken } from "../../src/notify/templates.ts";
import { config, owed, written } from "./build.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "templates-"));
});
afterEach(() => rm(directory, { recursive: true }));

const put = (file: string, content: string) => writeFile(join(directory, file), content);
const loadTemplates = async (folder: string) => compileTemplates(await readTemplates(folder));
const own = () => ({ config: config({ MAIL_TEMPLATE_DIR: directory }) });

describe("templates of one's own", () => {
  it("take the place of a built-in part; the others stay", async () => {
    await put("ticket-opened.text.eta", "Dear <%= it.recipient.name || 'customer' %>, see <%= it.link %> & <%= it.ticket.subject %>");
    await put("ticket-opened.subject.eta", "[Ticket ID: <%= it.ticket.tid %>] Received:\n<%= it.ticket.subject %>\n");
    const { text, html, parsed } = await written({ subject: "<a> & b" }, owed(), own());
    expect(text).toMatch(
      /^Dear Ada Lovelace, see https:\/\/www\.example\.com\/clients\/viewticket\.php\?tid=516757&c=KPqH7yG3 & <a> & b\n\n\[ref:t7\.[0-9a-f]{20}\]\s*$/,
    );
    expect(parsed.subject).toBe("[Ticket ID: 516757] Received: <a> & b");
    expect(html).toContain("thank you for your message");
    const staff = await written({}, owed("staff-ticket-opened"), own());
    expect(staff.text).toContain("A new ticket was opened");
  });

  it("are escaped in HTML unless they say otherwise", async () => {
    await put("ticket-opened.html.eta", "<p><%= it.ticket.subject %></p><%~ it.message.html %>");
    const { html } = await written({ subject: "<b>", message: "*x*", markdown: true }, owed(), own());
    expect(html).toContain("<p>&lt;b&gt;</p><p><em>x</em></p>");
  });

  it.each([
    ["does not parse", "ticket-opened.html.eta", "<% if ( { %>", /Bad template syntax/],
    ["is not closed", "ticket-opened.text.eta", "Hello <%= it.link", /unclosed tag/i],
    ["uses a name that does not exist", "ticket-opened.text.eta", "<%= it.ticket.nubmer %>", /it\.ticket\.nubmer does not exist/],
    ["wants the access link in a mail to staff", "staff-ticket-opened.text.eta", "<%= it.link %>", /it\.link does not exist/],
    ["fails on a mail without attachments", "ticket-opened.text.eta", "<%= it.attachments[0].name %>", /it\.attachments\.0 does not exist/],
    ["throws", "ticket-opened.html.eta", "<% throw new Error('boom') %>", /boom/],
    ["prints an object", "ticket-opened.text.eta", "<%= it.ticket %>", /prints a value that is not there/],
    ["is empty", "staff-ticket-opened.html.eta", " \n", /renders to nothing/],
    ["has a subject without the ticket's marker", "ticket-opened-by-admin.subject.eta", "<%= it.ticket.subject %>", /the subject lacks \[Ticket ID/],
    ["is for no mail", "ticket-open.html.eta", "x", /no mail is made of it; expected one of ticket-opened\.subject\.eta/],
  ])("one that %s stops the start, with its file and the reason", async (_, file, content, reason) => {
    await put(file, content);
    const fault: unknown = await loadTemplates(directory).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(TemplateBroken);
    expect(String(fault)).toContain(join(directory, file));
    expect(String(fault)).toMatch(reason);
    expect(String(fault)).not.toContain("\n");
  });

  it("in a directory that is not there stop the start", async () => {
    await expect(loadTemplates(join(directory, "none"))).rejects.toThrow(/^MAIL_TEMPLATE_DIR .*none: ENOENT/);
  });

  it("may stand beside other files", async () => {
    await put("README.md", "x");
    await expect(loadTemplates(directory)).resolves.toBeTypeOf("function");
  });
});
