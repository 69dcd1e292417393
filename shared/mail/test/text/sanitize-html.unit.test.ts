import { describe, expect, it } from "vitest";
import { boundHtml, MAX_DEPTH, MAX_HTML_CHARS } from "../../src/text/html-bounds.ts";
import { sanitizeHtml } from "../../src/text/sanitize-html.ts";

describe("HTML made safe", () => {
  it.each([
    ["a script", "a<script>alert(1)</script><b onclick='x()'>b</b>", "a<b>b</b>"],
    ["a script's address", '<a href="javascript:x()">a</a>', '<a rel="noopener noreferrer nofollow" target="_blank">a</a>'],
    ["a script's address in disguise", '<a href="JaVa&#10;script:x()">a</a>', '<a rel="noopener noreferrer nofollow" target="_blank">a</a>'],
    ["a form", '<form action="https://e.test"><input value=x><button>b</button></form>', "b"],
    ["frames and objects", "<iframe src=x>a</iframe><object data=x>b</object><embed src=x>c", "c"],
    ["HTML inside of SVG or MathML", "<svg><style><img src=x onerror=a()></style></svg><math><mi><img src=x onerror=a()></math>c", "c"],
    ["a template", "<template><img src=x onerror=a()></template>c", "c"],
    ["an attribute that ends its tag", "<p title='</p><img src=x onerror=a()>'>a", '<p title="&lt;/p&gt;&lt;img src=x onerror=a()&gt;">a</p>'],
    ["base, link and meta", "<base href='https://e.test'><link rel=stylesheet href=x><meta http-equiv=refresh content='0;url=x'>a", "a"],
    ["names that could be ours", '<p id="x" class="y" name="z">a</p>', "<p>a</p>"],
    ["a title", "<title>t</title>a", "a"],
  ])("%s", (_what, html, safe) => {
    expect(sanitizeHtml(html)).toBe(safe);
  });

  it.each([
    ["an image of elsewhere", '<img src="https://e.test/x.gif">', ""],
    ["an image of elsewhere with words", '<img src="//e.test/x.gif" alt="Logo">', '<img alt="Logo" />'],
    ["an image in a style", '<p style="background:url(https://e.test/x)">a</p>', "<p>a</p>"],
    ["an image in a style in disguise", '<p style="background-color:u\\72l(https://e.test/x);color:red">a</p>', '<p style="color:red">a</p>'],
    ["a background", '<table background="https://e.test/x"><tr><td>a</td></tr></table>', "<table><tr><td>a</td></tr></table>"],
    ["sets of images", '<img srcset="https://e.test/x 1x" src="cid:a">', '<img src="cid:a" />'],
    ["pictures with code in them", '<img src="data:image/svg+xml;base64,AAAA" alt="a">', '<img alt="a" />'],
    ["media", '<video poster="https://e.test/x"><source src="https://e.test/y"></video><audio src="https://e.test/z"></audio>a', "a"],
  ])("nothing is loaded from elsewhere: %s", (_what, html, safe) => {
    expect(sanitizeHtml(html)).toBe(safe);
  });

  it.each([
    ["images of the mail", '<img src="cid:logo@x" alt="L" width="10">', '<img src="cid:logo@x" alt="L" width="10" />'],
    ["images in it", '<img src="data:image/png;base64,iVBORw0KGgo=">', '<img src="data:image/png;base64,iVBORw0KGgo=" />'],
    [
      "the look of text",
      "<p style=\"color: #f00; margin-top:1em; font-family:'Arial Black'\">a</p>",
      "<p style=\"color:#f00;margin-top:1em;font-family:'Arial Black'\">a</p>",
    ],
    ["what is hidden", '<div style="display:none">a</div>', '<div style="display:none">a</div>'],
    ["links", '<a href="https://e.test/?a=1&amp;b=2">a</a>', '<a href="https://e.test/?a=1&amp;b=2" rel="noopener noreferrer nofollow" target="_blank">a</a>'],
  ])("%s are kept", (_what, html, safe) => {
    expect(sanitizeHtml(html)).toBe(safe);
  });

  it.each(["position:fixed;top:0", "margin:-500px", "z-index:9", "color:expression(x)", "-moz-binding:url(x)", "behavior:url(x)", "background:red"])(
    "a style may not place, cover or run: %s",
    (style) => {
      expect(sanitizeHtml(`<p style="${style}">a</p>`)).toBe("<p>a</p>");
    },
  );
});

describe("HTML within bounds", () => {
  it.each([
    ["100,000 nested divs", `${"<div>".repeat(100_000)}x`],
    ["ends that end nothing", `${"<div>".repeat(100_000)}${"</b>".repeat(100_000)}`],
    ["a million tags", "<p><b>a</b></p>".repeat(500_000)],
    ["5 MB of text", "a".repeat(5_000_000)],
    ["5 MB that grow when written", '"&<'.repeat(2_000_000)],
    ["large images", `<img src="data:image/png;base64,${"A".repeat(900_000)}">`.repeat(10)],
    ["long attributes", `<p title="${"a".repeat(100_000)}" style="${"color:red;".repeat(10_000)}">`.repeat(100)],
  ])("%s", (_what, html) => {
    const bounded = boundHtml(html);
    expect(bounded.length).toBeLessThan(MAX_HTML_CHARS * 7);
    expect(bounded.match(/<[a-z]/g)?.length ?? 0).toBeLessThanOrEqual(50_000);
    expect(deepest(bounded)).toBeLessThanOrEqual(MAX_DEPTH);
  });
});

function deepest(html: string): number {
  let [depth, most] = [0, 0];
  for (const [tag] of html.matchAll(/<\/?[a-z]+/g)) {
    depth += tag.startsWith("</") ? -1 : 1;
    most = Math.max(most, depth);
  }
  return most;
}
