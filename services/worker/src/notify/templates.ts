import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { MAIL_TEMPLATES } from "@openticket/contract";
import { Eta } from "eta/core";
import type { MailTemplate } from "./letter.ts";
import type { MailView } from "./mail-view.ts";
import { replyToOpener } from "./templates/reply-to-opener.ts";
import { SAMPLE_VIEWS } from "./templates/samples.ts";
import { staffReplyAdded } from "./templates/staff-reply-added.ts";
import { staffTicketOpened } from "./templates/staff-ticket-opened.ts";
import { ticketOpened } from "./templates/ticket-opened.ts";
import { ticketOpenedByAdmin } from "./templates/ticket-opened-by-admin.ts";

/**
 * The words of our mails.
 *
 * Each mail has three templates: subject, text, HTML. The built-in ones are part of the program; a file
 * `<template>.<part>.eta` in the configured directory takes the place of one. All of them are tried with sample data
 * before the first mail, so that a mistake stops the start and not a mail at night.
 * A template is code: Eta compiles it to JavaScript that may do whatever the worker may. The directory therefore belongs
 * to whoever owns the program, and nobody else may write to it.
 */
export type MailTemplates = (template: MailTemplate, view: MailView) => RenderedMail;

export type RenderedMail = Record<Part, string>;

/** A template cannot be used. The message names the file and the reason. */
export class TemplateBroken extends Error {
  override name = "TemplateBroken";
}

const PARTS = ["subject", "text", "html"] as const;
type Part = (typeof PARTS)[number];
const BUILT_IN: Record<MailTemplate, RenderedMail> = {
  "ticket-opened": ticketOpened,
  "ticket-opened-by-admin": ticketOpenedByAdmin,
  "staff-ticket-opened": staffTicketOpened,
  "reply-to-opener": replyToOpener,
  "staff-reply-added": staffReplyAdded,
};

/** Templates of one's own, as they were read: plain data, for a thread too. */
export interface TemplateSources {
  directory: string;
  /** By file name. */
  sources: Record<string, string>;
}

/** What stands in that directory; nothing without one. Throws {@link TemplateBroken}. */
export async function readTemplates(directory?: string): Promise<TemplateSources> {
  return { directory: directory ?? "", sources: directory === undefined ? {} : await readOverrides(directory) };
}

/** Compiles and tries all templates, those of one's own first. Throws {@link TemplateBroken}. */
export function compileTemplates(own: TemplateSources): MailTemplates {
  const compiled = new Map(MAIL_TEMPLATES.map((template) => [template, compileMail(template, own)]));
  return (template, view) => {
    const render = compiled.get(template);
    if (!render) throw new TemplateBroken(`there is no template ${template}`);
    return render(view);
  };
}

async function readOverrides(directory: string): Promise<Record<string, string>> {
  const files = (await readdir(directory).catch(refuse(`MAIL_TEMPLATE_DIR ${directory}`))).filter((file) => file.endsWith(".eta"));
  const known = MAIL_TEMPLATES.flatMap((template) => PARTS.map((part) => `${template}.${part}.eta`));
  const unknown = files.find((file) => !known.includes(file));
  if (unknown) throw new TemplateBroken(`${join(directory, unknown)}: no mail is made of it; expected one of ${known.join(", ")}`);
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file, await readFile(join(directory, file), "utf8").catch(refuse(join(directory, file)))] as const)),
  );
}

function compileMail(template: MailTemplate, { directory, sources }: TemplateSources): (view: MailView) => RenderedMail {
  const part = (name: Part) => {
    const file = `${template}.${name}.eta`;
    const given = sources[file];
    const place = given === undefined ? `built-in ${file}` : join(directory, file);
    const render = compile(given ?? BUILT_IN[template][name], { isHtml: name === "html", place });
    for (const sample of SAMPLE_VIEWS[template]) tryOut(render, sample, { name, place });
    return render;
  };
  const [subject, text, html] = [part("subject"), part("text"), part("html")];
  return (view) => ({ subject: subject(view), text: text(view), html: html(view) });
}

type Render = (view: MailView) => string;

function compile(source: string, { isHtml, place }: { isHtml: boolean; place: string }): Render {
  const eta = new Eta({ autoEscape: isHtml, autoTrim: false });
  try {
    const run = eta.compile(source);
    return (view) => run.call(eta, view);
  } catch (error) {
    return refuse(place)(error);
  }
}

function tryOut(render: Render, sample: MailView, { name, place }: { name: Part; place: string }): void {
  const result = attempt(() => render(strict(sample, "it")), refuse(place));
  const faults = [
    result.trim() === "" && "it renders to nothing",
    /\bundefined\b|\[object Object\]/.test(result) && "it prints a value that is not there",
    name === "subject" &&
      !result.includes(`[Ticket ID: ${sample.ticket.tid}]`) &&
      "the subject lacks [Ticket ID: <%= it.ticket.tid %>], by which answers find their ticket",
  ];
  const fault = faults.find((text) => text !== false);
  if (fault) refuse(place)(new Error(fault));
}

/** The same data, but a name that it does not have is an error instead of "undefined". */
function strict<T extends object>(data: T, path: string): T {
  return new Proxy(data, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      const isKnown = typeof key === "symbol" || key in target || key === "__blocks";
      if (!isKnown) throw new Error(`${path}.${key} does not exist in this mail`);
      return typeof value === "object" && value !== null ? strict(value, `${path}.${String(key)}`) : value;
    },
  });
}

function attempt<T>(work: () => T, onFault: (error: unknown) => never): T {
  try {
    return work();
  } catch (error) {
    return onFault(error);
  }
}

function refuse(place: string): (error: unknown) => never {
  return (error) => {
    const reason = error instanceof Error ? (error.message.split("\n====")[0] ?? "") : String(error);
    throw new TemplateBroken(`${place}: ${reason.replace(/\s+/g, " ").trim()}`, { cause: error });
  };
}
