/** Every transform of geometry against torchvision 0.14 and PIL 9.4: values, draws and printed forms. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";
import { type ClassCase, camel, distance, expected, imageOf, type Picture, packed, tensorOf } from "./samples";

const { functional, ...classes } = torch.vision.transforms;
type Make = new (...args: unknown[]) => (img: Picture) => Picture | Picture[];

function make({ name, args, kwargs }: ClassCase): (img: Picture) => Picture | Picture[] {
  const options = Object.fromEntries(Object.entries(kwargs).map(([key, value]) => [camel(key), value]));
  return new (classes as unknown as Record<string, Make>)[name]!(...args, options);
}

const pictureOf = (kind: string, seed: number, { kwargs }: ClassCase): Picture =>
  kind === "image" ? imageOf(seed, seed % 4 === 3 && !Array.isArray(kwargs.fill) ? "L" : "RGB") : tensorOf(seed, kind);

/**
 * What results may differ by in a weighted sum. PIL's arithmetic is exact. Interpolated floats are sums in another order; bytes made of them may round to the
 * other side.
 */
function allowance({ name }: ClassCase, kind: string): number {
  if (kind === "image") return name === "ElasticTransform" ? 2 : 0;
  return kind === "float" ? 2e-3 : 6;
}

describe.each(expected.classes)("$repr", (given) => {
  test("prints as in torchvision", () => {
    // There is one kind of number here: 1.0 is 1.
    const plain = (text: string): string => text.replace(/\b(\d+)\.0\b/g, "$1");
    const isPlain = given.name !== "ElasticTransform";
    if (isPlain) expect(plain(String(make(given)))).toBe(plain(given.repr));
    else
      expect(String(make(given))).toMatch(
        /^ElasticTransform\(alpha=\[.*\], sigma=\[.*\], interpolation=\w+, fill=\d\)$/,
      );
  });

  test.each(Object.keys(given.results))("gives torchvision's %s from 20 seeds", (kind) => {
    given.results[kind]!.forEach(([parts, then], seed) => {
      torch.manualSeed(seed);
      const result = make(given)(pictureOf(kind, seed, given));
      const own = Array.isArray(result) ? result : [result];
      expect(own.length).toBe(parts.length);
      own.forEach((part, i) => {
        const far = distance(packed(part), parts[i]!);
        expect(far, `seed ${seed}, part ${i}`).toBeLessThanOrEqual(allowance(given, kind));
      });
      expect(torch.rand(1).item() * 2 ** 24, `draws of seed ${seed}`).toBe(then);
    });
  });
});

describe("functions of Images of every mode", () => {
  type Call = (img: Picture, ...args: unknown[]) => Picture;

  test.each(expected.functions)("%s %j of mode %s", (name, args, mode, result) => {
    const own = (functional as unknown as Record<string, Call>)[camel(name)]!(imageOf(3, mode), ...args);
    // PIL cannot mix 16 bits; here they are mixed as 8 are.
    if (result === null || mode === "I;16") expect(own).toBeInstanceOf(torch.vision.Image);
    else {
      // torchvision takes four inks for colors and opacity where it goes through NumPy; here they stay inks.
      if (mode === "CMYK") result[0] = "CMYK";
      expect(distance(packed(own), result)).toBe(0);
    }
  });
});

test("random arguments are torchvision's", () => {
  const { RandomAffine, RandomCrop, RandomPerspective, RandomResizedCrop, RandomRotation } = torch.vision.transforms;
  expected.draws.forEach(([crop, resized, affine, perspective, angle], seed) => {
    torch.manualSeed(seed);
    const image = imageOf(seed, "RGB");
    expect(RandomCrop.getParams(image, [5, 6])).toEqual(crop);
    expect(RandomResizedCrop.getParams(image, [0.08, 1], [0.75, 1.3])).toEqual(resized);
    expect(RandomAffine.getParams([-30, 40], [0.2, 0.3], [0.5, 2], [-5, 5, -7, 7], [16, 13])).toEqual(affine);
    expect(RandomPerspective.getParams(16, 13, 0.6)).toEqual(perspective);
    expect(RandomRotation.getParams([-10, 60])).toBe(angle);
  });
});
