/** Pictures of shapes on noise, and what is in them. */
import * as torch from "kindling";

export const names = ["circle", "square", "triangle"];

/** Pixels of a side. */
export const SIDE = 64;

/** A shape: its class, its center and half of its size in pixels. */
export interface Shape {
  readonly label: number;
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

export interface Picture {
  /** uint8, [3, 64, 64]. */
  readonly image: torch.Tensor;
  readonly shapes: readonly Shape[];
}

/** Whether a point, from −1 to 1 in both directions, lies in a shape. */
const isIn: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => x * x + y * y <= 1,
  (x, y) => Math.abs(x) <= 1 && Math.abs(y) <= 1,
  (x, y) => Math.abs(x) <= (y + 1) / 2 && y <= 1,
];

const between = (least: number, most: number): number => least + (most - least) * (torch.rand(1).item() as number);

/** One to three shapes that do not touch. */
function scene(): Shape[] {
  const shapes: Shape[] = [];
  const count = 1 + Math.floor(between(0, 2.999));
  for (let tries = 0; shapes.length < count && tries < 30; tries++) {
    const radius = between(6, 14);
    const [x, y] = [between(radius, SIDE - radius), between(radius, SIDE - radius)];
    const isFree = shapes.every(
      (other) => Math.max(Math.abs(other.x - x), Math.abs(other.y - y)) > other.radius + radius,
    );
    if (isFree) shapes.push({ label: Math.floor(between(0, 2.999)), x, y, radius });
  }
  return shapes;
}

/** A picture at random, from torch's generator. */
export function draw(): Picture {
  const shapes = scene();
  const noise = torch.rand(3, SIDE, SIDE).mul(60).to("uint8").toTypedArray() as Uint8Array;
  const pixels = noise.slice();
  for (const { label, x, y, radius } of shapes) {
    const color = [between(120, 255), between(120, 255), between(120, 255)];
    for (let row = 0; row < SIDE; row++)
      for (let column = 0; column < SIDE; column++)
        if (isIn[label]!((column + 0.5 - x) / radius, (row + 0.5 - y) / radius))
          for (let c = 0; c < 3; c++) pixels[(c * SIDE + row) * SIDE + column] = color[c]!;
  }
  return { image: torch.tensor(pixels).reshape(3, SIDE, SIDE), shapes };
}

/**
 * What a grid of cells should say, [N, 8, cells, cells]: x and y in the cell, logarithms of width and height as multiples of the anchor, whether there
 * is a shape, and which.
 */
export function targets(pictures: readonly Picture[], cells: number, anchor: number): torch.Tensor {
  const data = new Float32Array(pictures.length * 8 * cells * cells);
  const size = SIDE / cells;
  for (const [n, { shapes }] of pictures.entries())
    for (const { label, x, y, radius } of shapes) {
      const [column, row] = [Math.min(cells - 1, Math.floor(x / size)), Math.min(cells - 1, Math.floor(y / size))];
      const log = Math.log((2 * radius) / anchor);
      const values = [x / size - column, y / size - row, log, log, 1, 0, 0, 0];
      values[5 + label] = 1;
      for (const [k, value] of values.entries()) data[((n * 8 + k) * cells + row) * cells + column] = value;
    }
  return torch.tensor(data).reshape(pictures.length, 8, cells, cells);
}
