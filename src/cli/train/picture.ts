/** A grid of test pictures, each with its predicted and its true label. */
import { vision } from "../../index";
import type { Data } from "./data";
import { drawText, GLYPH_HEIGHT, GLYPH_WIDTH } from "./font";

type Color = readonly [r: number, g: number, b: number];

const COLUMNS = 8;
const ROWS = 4;
const SCALE = 3;
const MARGIN = 6;
const PAPER: Color = [250, 250, 248];
const INK: Color = [70, 70, 70];
const RIGHT: Color = [20, 130, 60];
const WRONG: Color = [200, 40, 40];

/** An RGB image that can be drawn on. */
class Canvas {
  readonly data: Uint8Array;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.data = new Uint8Array(width * height * 3);
    for (let i = 0; i < width * height; i++) this.data.set(PAPER, i * 3);
  }

  plot(x: number, y: number, color: Color): void {
    if (x >= 0 && y >= 0 && x < this.width && y < this.height) this.data.set(color, (y * this.width + x) * 3);
  }

  text(x: number, y: number, text: string, color: Color): void {
    drawText(text, (dx, dy) => this.plot(x + dx, y + dy, color));
  }
}

/** Draws one picture, gray or in color, enlarged. */
function drawImage(canvas: Canvas, { data, width, height, bands }: vision.Image, left: number, top: number): void {
  for (let y = 0; y < height * SCALE; y++)
    for (let x = 0; x < width * SCALE; x++) {
      const at = (Math.floor(y / SCALE) * width + Math.floor(x / SCALE)) * bands;
      const channel = (c: number) => data[at + Math.min(c, bands - 1)]!;
      canvas.plot(left + x, top + y, [channel(0), channel(1), channel(2)]);
    }
}

/** The first test pictures; wrong predictions are red, with the true label after the slash. */
export async function drawPredictions(
  { test, classes, size }: Data,
  predicted: readonly number[],
): Promise<vision.Image> {
  const side = size * SCALE;
  const cellWidth = side + MARGIN;
  const cellHeight = side + GLYPH_HEIGHT * 2 + MARGIN + 4;
  const canvas = new Canvas(COLUMNS * cellWidth + MARGIN, ROWS * cellHeight + MARGIN);
  const longest = Math.floor(side / GLYPH_WIDTH);
  const name = (label: number) => classes[label]!.slice(0, longest);
  for (let i = 0; i < Math.min(COLUMNS * ROWS, test.length); i++) {
    const left = MARGIN + (i % COLUMNS) * cellWidth;
    const top = MARGIN + Math.floor(i / COLUMNS) * cellHeight;
    const [image, truth] = await test.at(i);
    drawImage(canvas, image, left, top);
    canvas.text(left, top + side + 3, name(predicted[i]!), predicted[i] === truth ? RIGHT : WRONG);
    canvas.text(left, top + side + 3 + GLYPH_HEIGHT + 1, `/ ${name(truth)}`.slice(0, longest), INK);
  }
  return new vision.Image("RGB", canvas.width, canvas.height, canvas.data);
}
