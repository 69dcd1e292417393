import { describe, expect, it } from "vitest";
import { openMail, wireForm } from "../../src/pipe/wire-form.ts";

async function* pieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < text.length; at += size) yield Buffer.from(text.slice(at, at + size), "latin1");
}
async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all).toString("latin1");
}

describe.each([1, 2, 3, 1000])("in pieces of %i bytes", (size) => {
  it.each([
    ["a\nb\n", "a\r\nb\r\n.\r\n"],
    ["a\r\nb", "a\r\nb\r\n.\r\n"],
    [".a\n..b\n.\nc\n", "..a\r\n...b\r\n..\r\nc\r\n.\r\n"],
    ["a\rb\n", "a\rb\r\n.\r\n"],
    ["\xff\0\n", "\xff\0\r\n.\r\n"],
    ["", ".\r\n"],
  ])("%j goes over the wire as %j", async (text, expected) => {
    expect(await textOf(wireForm(pieces(text, size)))).toBe(expected);
  });

  it.each<[string, string, string]>([
    ["From a@b.test Thu Jan  1 12:00:00 2026\nSubject: s\n\nb", "a@b.test", "Subject: s\n\nb"],
    ["From MAILER-DAEMON Thu Jan  1 12:00:00 2026\nSubject: s\n", "", "Subject: s\n"],
    ["From: a@b.test\n\nb", "a@b.test", "From: a@b.test\n\nb"],
    ['Subject: s\r\nFrom: "A, B"\r\n <a@b.test>\r\n\r\nb', "a@b.test", 'Subject: s\r\nFrom: "A, B"\r\n <a@b.test>\r\n\r\nb'],
    ["Return-Path: <>\nFrom: a@b.test\n\nb", "", "Return-Path: <>\nFrom: a@b.test\n\nb"],
    ["Return-Path: <r@b.test>\nFrom: a@b.test\n\nb", "r@b.test", "Return-Path: <r@b.test>\nFrom: a@b.test\n\nb"],
    ["Subject: s\n\nFrom: a@b.test\n", "", "Subject: s\n\nFrom: a@b.test\n"],
    ["From root Thu Nov 26 12:00:00 2026\nSubject: s\n", "root@localhost", "Subject: s\n"],
    ['From "a b"@g.example Thu Nov 26 12:00:00 2026\nSubject: s\n', '"a b"@g.example', "Subject: s\n"],
    ["From \0 Thu Nov 26 12:00:00 2026\nReturn-Path: <r@b.test>\n", "r@b.test", "Return-Path: <r@b.test>\n"],
    ["From \0 Thu Nov 26 12:00:00 2026\nSubject: s\n", "", "Subject: s\n"],
    ["From J\xc3\x84@b.test Thu\n", "JÄ@b.test", ""],
    ['Return-Path: <"a> b"@g.example>\n\nb', '"a> b"@g.example', 'Return-Path: <"a> b"@g.example>\n\nb'],
    ['From: A B <"a b"@g.example>\n\nb', '"a b"@g.example', 'From: A B <"a b"@g.example>\n\nb'],
    ['From: "A B" <a@g.example>\n\nb', "a@g.example", 'From: "A B" <a@g.example>\n\nb'],
    ["Fro", "", "Fro"],
    ["", "", ""],
  ])("%j is opened", async (text, sender, rest) => {
    const { sender: found, content } = await openMail(pieces(text, size));
    expect([found, await textOf(content)]).toEqual([sender, rest]);
  });
});
