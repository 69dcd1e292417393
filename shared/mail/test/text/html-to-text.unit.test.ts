import { describe, expect, it } from "vitest";
import { MAX_STEPS, readHtml } from "../../src/text/html-events.ts";
import { htmlToText, MAX_TEXT_CHARS } from "../../src/text/html-to-text.ts";

describe("text of HTML", () => {
  it.each([
    ["paragraphs", "<p>One</p><p>Two<br>Three</p>", "One\n\nTwo\nThree"],
    ["lines of divs, one of them empty", "<div>a</div><div><br></div><div>b</div>", "a\n\nb"],
    [
      "Outlook's paragraphs, which are lines",
      '<p class=MsoNormal>a<o:p></o:p></p><p class="MsoNormal"><o:p>&nbsp;</o:p></p><p class=MsoNormal>b</p>',
      "a\n\nb",
    ],
    ["white space", "  a \n\t b <b> c</b> d", "a b c d"],
    ["entities", "&lt;x&gt; &amp; &euro; &#8364; &#x1F600; a&nbsp;b &unknown;", "<x> & € € 😀 a b &unknown;"],
    ["headings and a rule", "<h1>T</h1>a<hr>b", "T\n\na\n---\nb"],
    ["a list", "<ul><li>one</li><li>two<ol start=3><li>x<li>y</ol></li></ul>z", "- one\n- two\n  3. x\n  4. y\n\nz"],
    ["a table", "<table><tr><th>Name</th><th>Sum</th></tr><tr><td><p>A</p></td><td><p>12</p></td></tr></table>z", "Name | Sum\nA | 12\nz"],
    ["a table that lays out a page", "<table><tr><td>a<br>b</td><td>c</td></tr></table>", "a\nb\nc"],
    ["empty cells", "<table><tr><td></td><td>a</td><td> </td><td>b</td></tr></table>", "a | | b"],
    ["quotes in quotes", "<blockquote>a<p>b</p><blockquote>c</blockquote></blockquote>d", "> a\n>\n> b\n>\n>> c\nd"],
    ["preformatted text", "<pre>\n a\n\n\n  b</pre>c", " a\n\n\n  b\nc"],
    ["no head, script or style", "<head><title>t</title><style>p{}</style></head><script>x</script>a", "a"],
    ["what Word hides from others", "<!--[if mso]><p>x</p><![endif]--><![if !mso]>a<![endif]>", "a"],
    ["upper case and attributes without quotes", "<DIV CLASS=x>a</DIV><P ALIGN=left>b", "a\n\nb"],
    ["tags that never end", "<div><p>a<b>b", "ab"],
    ["a lonely bracket", "1 < 2 and 3 > 2", "1 < 2 and 3 > 2"],
  ])("%s", (_what, html, text) => {
    expect(htmlToText(html)).toBe(text);
  });

  it.each([
    ["a link whose text says something else", '<a href="https://e.test/a?b=1&amp;c=2">here</a>', "here (https://e.test/a?b=1&c=2)"],
    ["a link that shows where it leads", '<a href="https://www.e.test/">e.test</a> <a href="mailto:a@e.test?subject=x">a@e.test</a>', "e.test a@e.test"],
    ["a link without text", '<a href="https://e.test/"> </a>x', "x"],
    ["a link that leads nowhere", '<a href="javascript:x()">a</a> <a name=top>b</a> <a href="#top">c</a>', "a b c"],
    ["links that do not end", '<a href="https://e.test/1">a <a href="https://e.test/2">b', "a (https://e.test/1)b (https://e.test/2)"],
    ["an image and its words", '<img alt="Our logo" src=x><img src=y alt="">', "[Our logo]"],
    ["an emoticon as an image", 'a <img alt="🎉" src=x>', "a 🎉"],
    ["a linked image", '<a href="https://e.test/"><img alt="Shop"></a>', "[Shop] (https://e.test/)"],
  ])("%s", (_what, html, text) => {
    expect(htmlToText(html)).toBe(text);
  });

  it.each([
    ["display: none", '<div style="display:none">x<div>y</div></div>a'],
    ["no height", '<div style="max-height:0px;overflow:hidden">x</div>a'],
    ["for Outlook", '<span style="mso-hide:all">x</span>a'],
    ["the attribute", "<p hidden>x<p>a"],
    ["with an end that is missing", '<table><tr><td><span style="display:none">x</td><td>a</td></tr></table>'],
    ["padding of invisible characters", `a${"&zwnj;&nbsp;".repeat(100)}`],
  ])("preview text that is hidden by %s is left out", (_what, html) => {
    expect(htmlToText(html)).toBe("a");
  });

  it("shows what is hidden where nothing else is there", () => {
    expect(htmlToText('<div style="display:none">only this</div>')).toBe("only this");
  });

  it("reads what comes after a large inline image", () => {
    expect(htmlToText(`<img src="data:image/png;base64,${"A".repeat(5_000_000)}"><p>after</p>`)).toBe("after");
  });
});

const HOSTILE: [string, string][] = [
  ["100,000 nested divs", `${"<div>".repeat(100_000)}x`],
  ["as many ends that end nothing", `${"<div>".repeat(100_000)}${"</b>".repeat(100_000)}`],
  ["20,000 links", '<a href="https://e.test/a/b">x</a> '.repeat(20_000)],
  ["a text of entities", "&amp;".repeat(1_100_000)],
  ["one line of a million pieces", "<b>a</b>".repeat(400_000)],
  ["nothing but line ends", "<br>".repeat(1_100_000)],
  ["line ends in pre", `<pre>${"<br>".repeat(1_100_000)}`],
  ["tags without end", "<a ".repeat(1_100_000)],
  ["one tag with a million attributes", `<b ${"a='&amp;' ".repeat(1_000_000)}>`],
  ["nested lists", "<ul><li>x".repeat(100_000)],
  ["nested tables", "<table><tr><td>x".repeat(100_000)],
  ["nested quotes", "<blockquote>x".repeat(100_000)],
  ["hidden paragraphs", "<p hidden>".repeat(1_000_000)],
  ["comments that do not end", "<!--".repeat(1_100_000)],
  ["16 MB of white space", "\u00a0 ".repeat(8_000_000)],
];

describe("hostile HTML", () => {
  it.each(HOSTILE)("%s: bounded steps, bounded text", (_what, html) => {
    let seen = 0;
    const see = () => {
      seen += 1;
    };
    const steps = readHtml(html, { text: see, open: see, close: see, isFull: () => false });
    expect(Math.max(steps, seen)).toBeLessThan(MAX_STEPS + 70_000);
    expect(htmlToText(html).length).toBeLessThanOrEqual(MAX_TEXT_CHARS + 100);
  });
});
