/** No function reads values at once but those that are listed. */
import { expect, test } from "vitest";
import { allowedReads } from "./allowedReads";
import { reads } from "./reads";

test("values are read at once in the listed functions alone", () => {
  expect(reads.filter((place) => !allowedReads.has(place))).toEqual([]);
});

test("every listed function reads values", () => {
  expect([...allowedReads.keys()].filter((place) => !reads.includes(place))).toEqual([]);
});
