import { expect, it } from "vitest";
import { allowedExtensions, extensionOf } from "../src/index.ts";

it.each([".PDF", "pdf", "Pdf"])("%s allows a file by what extensionOf says of it", (listed) => {
  expect(allowedExtensions([listed])).toContain(extensionOf("Offer.pDf"));
});

it("without a list any extension is allowed", () => {
  expect(allowedExtensions([])).toBe("any");
});
