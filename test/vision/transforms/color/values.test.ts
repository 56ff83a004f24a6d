/** Every transform of colors against torchvision 0.14 and PIL 9.4: values, draws and printed forms. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";
import { type ClassCase, camel, distance, expected, imageOf, type Picture, tensorOf } from "./samples";

const { functional, ...classes } = torch.vision.transforms;
type Make = new (...args: unknown[]) => (img: Picture) => Picture;

function make({ name, args, kwargs }: ClassCase): (img: Picture) => Picture {
  const options = Object.fromEntries(Object.entries(kwargs).map(([key, value]) => [camel(key), value]));
  return new (classes as unknown as Record<string, Make>)[name]!(...args, options);
}

function pictureOf(kind: string, seed: number, { kwargs }: ClassCase): Picture {
  const mode = seed % 4 === 3 && !Array.isArray(kwargs.fill) ? "L" : "RGB";
  const three = Array.isArray(kwargs.fill) || Array.isArray(kwargs.value);
  const own = three && seed % 7 === 6 ? seed + 100 : seed;
  return kind === "image" ? imageOf(own, mode) : tensorOf(own, kind);
}

/** Sums of a convolution round to the other side where their order decides; PIL's integers are exact. */
const allowance = (name: string, kind: string): number =>
  kind === "float" ? 0.1 : name === "GaussianBlur" || kind === "byte" ? 1 : 0;

describe.each(expected.classes)("$repr", (given) => {
  test("prints as in torchvision", () => {
    // There is one kind of number here: 1.0 is 1.
    const plain = (text: string): string => text.replace(/\b(\d+)\.0\b/g, "$1");
    expect(plain(String(make(given)))).toBe(plain(given.repr));
  });

  test.each(Object.keys(given.results))("gives torchvision's %s from 20 seeds", (kind) => {
    let rounded = 0;
    given.results[kind]!.forEach(([resultKind, data, then], seed) => {
      const picture = pictureOf(kind, seed, given);
      torch.manualSeed(seed);
      const far = distance(make(given)(picture), resultKind, data);
      expect(far, `seed ${seed}`).toBeLessThanOrEqual(allowance(given.name, kind));
      if (far > 0.1) rounded++;
      expect(torch.rand(1).item() * 2 ** 24, `draws of seed ${seed}`).toBe(then);
    });
    expect(rounded, "results that differ in the last bit").toBeLessThanOrEqual(2);
  });
});

describe("functions of Images of every mode", () => {
  type Call = (img: Picture, ...args: unknown[]) => Picture;

  test.each(expected.functions)("%s %j of mode %s", (name, args, mode, kind, data) => {
    const call = () => (functional as unknown as Record<string, Call>)[camel(name)]!(imageOf(3, mode), ...args);
    // PIL would make a palette, or black and white, of the colors that it gets.
    const isLeftOut = (mode === "P" || mode === "1") && /hue|gamma/.test(name) && !(mode === "1" && /hue/.test(name));
    if (kind === null || isLeftOut) expect(call).toThrow(new RegExp(`^${camel(name)}: |^toPilImage: `));
    else expect(distance(call(), kind, data)).toBeLessThanOrEqual(/blur/.test(name) ? 1 : 0);
  });
});
