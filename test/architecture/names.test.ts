/** Each of PyTorch's names has a fate, written down in `docs/names.md`, and hardly any that means something here is missing. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { hidden, idle, page, share } from "./names";

test("at least 97 % of PyTorch's names that mean something here are here", () => {
  expect(share()).toBeGreaterThanOrEqual(0.97);
});

test("docs/names.md is up to date: npm run docs:names", () => {
  expect(readFileSync("docs/names.md", "utf8") === page(), "docs/names.md differs").toBe(true);
});

test("nothing that is here is called meaningless, and every reason has names", () => {
  expect(hidden()).toEqual([]);
  expect(idle()).toEqual([]);
});
