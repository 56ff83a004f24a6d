/** How kernels are cut on which adapter, as `npm run bench -- webgpu` measures. */
import type { TilingSet } from "../../../capabilities";
import type { Card } from "./tilings";

/** Graphics cards of which nothing is known. */
const card: Card = {
  square: ["64x128", "64x64", "32x32"],
  low: "16x64",
  narrow: "64x16",
  enough: 128,
  thin: "shared",
  rows: Number.POSITIVE_INFINITY,
};

/** Drivers that compute on the processor. */
const software: Card = {
  square: ["direct64x64", "direct32x32"],
  low: "direct16x64",
  narrow: "direct64x16",
  enough: 8,
  thin: { row: "direct1x128", rows: "direct4x128", column: "direct128x1", columns: "direct128x4" },
  rows: 16,
};

/** Rows by a word of the name of the adapter, in small letters. */
const cards: Readonly<Record<string, Card>> = { swiftshader: software, llvmpipe: software };

/** The row of an adapter. */
export function cardOf(name: string): Card {
  const found = Object.keys(cards).find((word) => name.toLowerCase().includes(word));
  return found === undefined ? card : cards[found]!;
}

/** The row of a set of tilings, or of an adapter. */
export function cardNamed(set: TilingSet, name: string): Card {
  if (set === "auto") return cardOf(name);
  return set === "card" ? card : software;
}
