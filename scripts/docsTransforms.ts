/** `npm run docs:transforms`: writes `docs/transforms.png`, what transforms make of a picture that is computed here. */
import { writeFileSync } from "node:fs";
import { encode } from "fast-png";
import * as torch from "kindling";

const { Image, transforms } = torch.vision;
type Picture = torch.vision.Image;

const [WIDTH, HEIGHT] = [60, 46];
const PER_ROW = 4;
const GAP = 3;
const MARGIN = 16;

type Color = readonly [number, number, number];

/** The color at a place of a landscape: sky and sun, a hill, a house with a roof and a door, a fence. */
function colorAt(x: number, y: number): Color {
  if ((x - 48) ** 2 + (y - 10) ** 2 < 40) return [255, 214, 64];
  const isWall = x >= 14 && x < 34 && y >= 22 && y < 40;
  if (isWall && x >= 22 && x < 28 && y >= 29) return [92, 48, 24];
  if (isWall && y >= 26 && y < 30 && (x - 14) % 12 >= 3 && (x - 14) % 12 < 7) return [150, 205, 235];
  if (isWall) return [226, 196, 160];
  if (y >= 12 && y < 22 && Math.abs(x - 24) <= (y - 11) * 1.3) return [178, 44, 36];
  const hill = 33 + 5 * Math.sin(x / 9);
  if (y >= 38 && x >= 36 && x % 5 < 2) return [240, 240, 232];
  if (y >= hill) return [60 + x, 140 - (y - hill) * 3, 58];
  return [70 + y * 4, 130 + y * 3, 236];
}

/** Each pixel is the mean of nine places. */
function landscape(): Picture {
  const data = new Uint8Array(3 * WIDTH * HEIGHT);
  for (let i = 0; i < WIDTH * HEIGHT; i++) {
    const [x, y] = [i % WIDTH, Math.floor(i / WIDTH)];
    const parts = Array.from({ length: 9 }, (_, at) => colorAt(x + (at % 3) / 3, y + Math.floor(at / 3) / 3));
    for (let band = 0; band < 3; band++) data[3 * i + band] = parts.reduce((sum, part) => sum + part[band]!, 0) / 9;
  }
  return new Image("RGB", WIDTH, HEIGHT, data);
}

type Show = (img: Picture) => Picture | Picture[];

/** Four pictures of one transform after another, or of as many calls. */
const each =
  (...steps: Show[]): Show =>
  (img) =>
    steps.flatMap((step) => step(img));

/** The rows of the picture, in the order of `docs/transforms.md`. */
const rows: readonly Show[] = [
  each(...[3, 8, 12, 20].map((size) => new transforms.Pad(size) as Show)),
  each(...[12, 24, 36, 48].map((size) => new transforms.Resize(size) as Show)),
  each(...[12, 24, 36, 48].map((size) => new transforms.CenterCrop(size) as Show)),
  (img) => new transforms.FiveCrop([24, 30])(img).slice(0, 4),
  each(new transforms.Grayscale(3)),
  new transforms.ColorJitter({ brightness: 0.5, hue: 0.3 }),
  new transforms.GaussianBlur([5, 9], { sigma: [0.1, 5] }),
  new transforms.RandomPerspective({ distortionScale: 0.6, p: 1 }),
  new transforms.RandomRotation([0, 180]),
  new transforms.RandomAffine([30, 70], { translate: [0.1, 0.3], scale: [0.5, 0.75] }),
  new transforms.ElasticTransform({ alpha: 120, sigma: 5 }),
  new transforms.RandomCrop([32, 32]),
  new transforms.RandomResizedCrop([32, 32]),
  new transforms.RandomInvert(),
  new transforms.RandomPosterize(2),
  new transforms.RandomSolarize(192),
  new transforms.RandomAdjustSharpness(4),
  new transforms.RandomAutocontrast(),
  new transforms.RandomEqualize(),
  new transforms.AutoAugment("imagenet"),
  new transforms.RandAugment(),
  new transforms.TrivialAugmentWide(),
  new transforms.AugMix(),
  new transforms.RandomHorizontalFlip(),
  new transforms.RandomVerticalFlip(),
  new transforms.RandomApply([new transforms.RandomCrop(32)], 0.5),
  (img) =>
    transforms.functional.toPilImage(
      new transforms.RandomErasing({ p: 1, value: [0.9, 0.2, 0.6] })(new transforms.ToTensor()(img)),
    ),
];

/** Digits of 3 by 5 pixels, row by row. */
const digits = [
  "111101101101111",
  "010110010010111",
  "111001111100111",
  "111001111001111",
  "101101111001001",
  "111100111001111",
  "111100111101111",
  "111001001001001",
  "111101111101111",
  "111101111001111",
];

class Sheet {
  readonly width = MARGIN + (PER_ROW + 1) * (WIDTH + GAP);
  readonly height = rows.length * (HEIGHT + GAP);
  readonly data = new Uint8Array(3 * this.width * this.height).fill(255);

  private set(x: number, y: number, color: ArrayLike<number>): void {
    for (let band = 0; band < 3; band++) this.data[3 * (y * this.width + x) + band] = color[band]!;
  }

  number(row: number): void {
    [...String(row + 1)].forEach((digit, place) => {
      [...digits[Number(digit)]!].forEach((bit, i) => {
        const [x, y] = [1 + 7 * place + 2 * (i % 3), row * (HEIGHT + GAP) + 19 + 2 * Math.floor(i / 3)];
        if (bit === "1") for (let at = 0; at < 4; at++) this.set(x + (at % 2), y + (at >> 1), [60, 60, 60]);
      });
    });
  }

  /** Puts a picture in the middle of a field; larger ones are made smaller. */
  place(picture: Picture, row: number, column: number): void {
    const scale = Math.min(1, WIDTH / picture.width, HEIGHT / picture.height);
    const size = [picture.height, picture.width].map((n) => Math.max(1, Math.round(n * scale)));
    const { data, width, height } = transforms.functional.resize(picture, size);
    const left = MARGIN + column * (WIDTH + GAP) + ((WIDTH - width) >> 1);
    const top = row * (HEIGHT + GAP) + ((HEIGHT - height) >> 1);
    for (let i = 0; i < width * height; i++)
      this.set(left + (i % width), top + Math.floor(i / width), data.subarray(3 * i, 3 * i + 3) as Uint8Array);
  }
}

function results(show: Show, img: Picture): Picture[] {
  const first = show(img);
  if (Array.isArray(first)) return first;
  return [first, ...Array.from({ length: PER_ROW - 1 }, () => show(img) as Picture)];
}

const picture = landscape();
const sheet = new Sheet();
torch.manualSeed(0);
rows.forEach((show, row) => {
  sheet.number(row);
  sheet.place(picture, row, 0);
  results(show, picture).forEach((result, at) => {
    sheet.place(result, row, at + 1);
  });
});
const bytes = encode(
  { width: sheet.width, height: sheet.height, data: sheet.data, channels: 3, depth: 8 },
  { zlib: { level: 9 } },
);
writeFileSync("docs/transforms.png", bytes);
console.log(`docs/transforms.png: ${sheet.width}×${sheet.height}, ${bytes.length} bytes`);
