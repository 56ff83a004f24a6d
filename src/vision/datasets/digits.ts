/** A data set that needs no download: pictures of digits, drawn by code. */
import { checkFlag, checkInteger } from "../../core/arguments";
import { named } from "../../core/signature";
import { portable } from "../../data/pack";
import type { Image } from "../image";
import type { Opened } from "./common/awaitableTypes";
import { bytesTensor, MemoryDataset } from "./common/memory";
import { fromPlanes } from "./common/planes";
import type { TransformOptions } from "./common/visionDataset";

const SIZE = 32;

type Point = readonly [x: number, y: number];

/** Points on an ellipse from angle `a` to `b`, in turns; 0 points right, 0.25 down. */
function arc(cx: number, cy: number, rx: number, ry: number, a: number, b: number): Point[] {
  const steps = Math.max(3, Math.ceil(Math.abs(b - a) * 14));
  return Array.from({ length: steps + 1 }, (_, i) => {
    const t = 2 * Math.PI * (a + ((b - a) * i) / steps);
    return [cx + rx * Math.cos(t), cy + ry * Math.sin(t)];
  });
}

/** The strokes of each digit, in a box from (−1, −1) to (1, 1), y downward. */
const strokes: readonly (readonly (readonly Point[])[])[] = [
  [arc(0, 0, 0.6, 0.95, 0, 1)],
  [
    [
      [-0.35, -0.55],
      [0.1, -0.95],
      [0.1, 0.95],
    ],
  ],
  [[...arc(0, -0.4, 0.58, 0.55, -0.5, 0.08), [-0.6, 0.95], [0.65, 0.95]]],
  [arc(-0.05, -0.48, 0.55, 0.47, -0.42, 0.25), arc(-0.05, 0.46, 0.62, 0.49, -0.25, 0.42)],
  [
    [
      [0.3, 0.95],
      [0.3, -0.95],
      [-0.65, 0.35],
      [0.7, 0.35],
    ],
  ],
  [
    [
      [0.55, -0.92],
      [-0.45, -0.92],
      [-0.52, -0.1],
    ],
    arc(0, 0.32, 0.6, 0.6, -0.4, 0.4),
  ],
  [
    [
      [0.4, -0.92],
      [-0.35, -0.25],
    ],
    arc(0, 0.36, 0.58, 0.58, 0, 1),
  ],
  [
    [
      [-0.6, -0.92],
      [0.6, -0.92],
      [-0.15, 0.95],
    ],
  ],
  [arc(0, -0.47, 0.48, 0.45, 0, 1), arc(0, 0.46, 0.58, 0.49, 0, 1)],
  [
    arc(0, -0.36, 0.58, 0.58, 0, 1),
    [
      [0.56, -0.3],
      [0.2, 0.95],
    ],
  ],
];

/** A stream of 32 random bits a call that depends only on `seed` and `index`: a mixing hash of a counter. */
function bitStream(seed: number, index: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b9) ^ Math.imul(index + 1, 0x85ebca6b);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return x ^ (x >>> 14);
  };
}

/** Digit strokes turned, sheared, scaled and moved to a place in the picture. */
function pose(digit: number, random: () => number): Point[][] {
  const between = (a: number, b: number) => a + (b - a) * random();
  const angle = between(-0.45, 0.45);
  const [sx, sy] = [between(6, 11), between(7.5, 12)];
  const shear = between(-0.35, 0.35);
  const [cx, cy] = [SIZE / 2 + between(-4, 4), SIZE / 2 + between(-3, 3)];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return strokes[digit]!.map((line) =>
    line.map(([x, y]) => {
      const [u, v] = [(x + shear * y) * sx, y * sy];
      return [cx + cos * u - sin * v, cy + sin * u + cos * v];
    }),
  );
}

/** Draws a segment with soft edges: raises each pixel of `mask` to how much of it the segment covers, times `strength`. */
function drawSegment(mask: Float32Array, a: Point, b: Point, halfWidth: number, strength: number): void {
  // Scalars, not pairs: this is the inner loop of the drawing.
  const ax = a[0] - 0.5;
  const ay = a[1] - 0.5;
  const dx = b[0] - a[0];
  const dy = b[1] - a[1];
  const scale = 1 / (dx * dx + dy * dy + 1e-9);
  const reach = halfWidth + 0.5;
  const x0 = Math.max(0, Math.floor(Math.min(a[0], b[0]) - reach));
  const x1 = Math.min(SIZE - 1, Math.ceil(Math.max(a[0], b[0]) + reach));
  const y0 = Math.max(0, Math.floor(Math.min(a[1], b[1]) - reach));
  const y1 = Math.min(SIZE - 1, Math.ceil(Math.max(a[1], b[1]) + reach));
  for (let y = y0; y <= y1; y++)
    for (let x = x0; x <= x1; x++) {
      const t = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) * scale));
      const ex = x - ax - t * dx;
      const ey = y - ay - t * dy;
      const distance2 = ex * ex + ey * ey;
      if (distance2 >= reach * reach) continue;
      const cover = Math.min(1, reach - Math.sqrt(distance2)) * strength;
      const i = y * SIZE + x;
      if (cover > mask[i]!) mask[i] = cover;
    }
}

function drawLines(
  mask: Float32Array,
  lines: readonly (readonly Point[])[],
  halfWidth: number,
  strength: number,
): void {
  for (const line of lines)
    for (let i = 1; i < line.length; i++) drawSegment(mask, line[i - 1]!, line[i]!, halfWidth, strength);
}

/** Two colors that differ enough to be told apart. */
function colors(random: () => number): [ink: number[], paper: number[]] {
  const pick = () => [random(), random(), random()];
  const brightness = ([r, g, b]: number[]) => 0.3 * r! + 0.59 * g! + 0.11 * b!;
  const paper = pick();
  let ink = pick();
  while (Math.abs(brightness(ink) - brightness(paper)) < 0.2) ink = pick();
  return [ink, paper];
}

/** Fills `out`, channel by channel, with ink on paper under a light that changes over the picture, and noise. */
function paint(out: Uint8ClampedArray, mask: Float32Array, random: () => number, bits: () => number): void {
  const [ink, paper] = colors(random);
  const [tiltX, tiltY] = [255 * (random() - 0.5) * 0.5, 255 * (random() - 0.5) * 0.5];
  const noise = 255 * (0.1 + 0.25 * random());
  const pixels = SIZE * SIZE;
  const grains = new Uint32Array(pixels);
  for (let i = 0; i < pixels; i++) grains[i] = bits();
  for (let c = 0; c < 3; c++) {
    const span = 255 * (ink[c]! - paper[c]!);
    const darkest = 255 * paper[c]! - (noise + tiltX + tiltY) / 2;
    const shift = 10 * c;
    for (let y = 0, i = 0; y < SIZE; y++) {
      const line = darkest + (tiltY * y) / SIZE;
      for (let x = 0; x < SIZE; x++, i++) {
        const grain = (grains[i]! >>> shift) & 1023;
        out[c * pixels + i] = (line + (tiltX / SIZE) * x + span * mask[i]! + (noise / 1024) * grain) | 0;
      }
    }
  }
}

/** Draws picture `index` into `out`, channel by channel, and returns its digit. */
function drawDigit(seed: number, index: number, out: Uint8ClampedArray): number {
  const bits = bitStream(seed, index);
  const random = () => (bits() >>> 0) / 2 ** 32;
  const digit = Math.floor(random() * 10);
  const mask = new Float32Array(SIZE * SIZE);
  const clutter = Array.from({ length: 2 }, (): Point[] => [
    [random() * SIZE, random() * SIZE],
    [random() * SIZE, random() * SIZE],
  ]);
  drawLines(mask, clutter, 0.4 + 0.5 * random(), 0.6);
  drawLines(mask, pose(digit, random), 0.9 + 1.3 * random(), 1);
  paint(out, mask, random, bits);
  return digit;
}

/** Options of {@link digits}. */
export interface DigitsOptions<I = any, T = any> extends TransformOptions<I, T, number> {
  /** The training part, else the test part. Default: true. */
  train?: boolean | undefined;
  /** How many pictures. Default: 10,000 for training, 2,000 for the test. */
  count?: number | undefined;
  /** Other seeds give other pictures. Default: 0. */
  seed?: number | undefined;
}

/** Apart from each other, so that no test picture is a training picture. */
const TEST_START = 1 << 24;

/** The class of what {@link digits} gives. */
class Digits<I = any, T = any> extends MemoryDataset<I, T> {
  constructor(
    readonly train: boolean,
    readonly seed: number,
    options: TransformOptions,
  ) {
    super(undefined, options);
    this.classes = Array.from({ length: 10 }, (_, digit) => String(digit));
  }

  /** Draws the pictures. */
  draw(count: number): void {
    const bytes = new Uint8Array(count * 3 * SIZE * SIZE);
    const size = 3 * SIZE * SIZE;
    const picture = new Uint8ClampedArray(size);
    this.targets = Array.from({ length: count }, (_, i) => {
      const digit = drawDigit(this.seed, (this.train ? 0 : TEST_START) + i, picture);
      fromPlanes(new Uint8Array(picture.buffer), 3, bytes, i * size);
      return digit;
    });
    this.data = bytesTensor(bytes, [count, SIZE, SIZE, 3]);
  }

  override extraRepr(): string {
    return `Split: ${this.train ? "Train" : "Test"}`;
  }
}

portable({ Digits });

/**
 * 32×32 color pictures of the digits 0 to 9, drawn in random pose, color and light over clutter and noise: a data set without a file. Picture i
 * depends only on the seed and i. Samples are `[Image, label]`.
 * @throws ArgumentError or ValueError unless `count` is an integer from 0 to 2^24 and `seed` an integer.
 * @example const train = vision.datasets.digits({ count: 1000 });
 */
export const digits = named(
  "digits",
  "; train, transform, targetTransform; count, seed",
  (options: DigitsOptions = {}): Digits => {
    const { transform, targetTransform } = options;
    const train = checkFlag("digits", "train", options.train ?? true);
    const count = checkInteger("digits", "count", options.count ?? (train ? 10_000 : 2_000), 0, TEST_START);
    const set = new Digits(train, checkInteger("digits", "seed", options.seed ?? 0), { transform, targetTransform });
    set.draw(count);
    return set;
  },
) as unknown as <I = Image, T = number>(options?: DigitsOptions<I, T>) => Opened<Digits, I, T>;
