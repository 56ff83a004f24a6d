/** Lines, boxes, ellipses and letters of pixels, drawn as PIL's `ImageDraw` does: the same pixels. */
import type { Rgb } from "./colors";
import { GLYPH_HEIGHT, GLYPH_WIDTH, glyphOf } from "./font";

/** Rounds as C does there: halves away from zero, or toward it. */
const roundUp = (f: number): number => (f >= 0 ? Math.floor(f + 0.5) : -Math.floor(Math.abs(f) + 0.5));
const roundDown = (f: number): number => (f >= 0 ? Math.ceil(f - 0.5) : -Math.ceil(Math.abs(f) - 0.5));

type Point = readonly [x: number, y: number];

interface Edge {
  readonly x0: number;
  readonly y0: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  /** Steps to the right for each step down. */
  readonly slope: number;
}

function edgeOf([x0, y0]: Point, [x1, y1]: Point): Edge {
  return {
    x0,
    y0,
    left: Math.min(x0, x1),
    right: Math.max(x0, x1),
    top: Math.min(y0, y1),
    bottom: Math.max(y0, y1),
    slope: y0 === y1 ? 0 : Math.fround(Math.fround(x1 - x0) / (y1 - y0)),
  };
}

/** Interleaved red, green and blue that is drawn on. What lies outside is left out. */
export class Raster {
  constructor(
    readonly data: Uint8Array,
    readonly width: number,
    readonly height: number,
  ) {}

  /** Pixels of a row from `x0` to `x1`, both drawn, with `alpha` of 255. */
  row(x0: number, y: number, x1: number, color: Rgb, alpha = 255): void {
    if (y < 0 || y >= this.height) return;
    const end = Math.min(x1, this.width - 1);
    for (let x = Math.max(0, x0), at = 3 * (y * this.width + x); x <= end; x++, at += 3)
      for (let k = 0; k < 3; k++)
        this.data[at + k] = alpha === 255 ? color[k]! : blend(this.data[at + k]!, color[k]!, alpha);
  }

  /** Pixels of a column from `y0` on, in either direction, up to `y1`, which is not drawn. */
  private column(x: number, y0: number, y1: number, color: Rgb): void {
    const [top, bottom] = y0 <= y1 ? [y0, y1 - 1] : [y1 + 1, y0];
    for (let y = Math.max(0, top); y <= Math.min(this.height - 1, bottom); y++) this.row(x, y, x, color);
  }

  /** A box with its borders, filled. */
  fillBox([x0, y0, x1, y1]: readonly [number, number, number, number], color: Rgb, alpha: number): void {
    const [top, bottom] = [Math.max(0, Math.min(y0, y1)), Math.min(this.height - 1, Math.max(y0, y1))];
    for (let y = top; y <= bottom; y++) this.row(x0, y, x1, color, alpha);
  }

  /** The border of a box, `width` pixels inwards. */
  box([x0, y0, x1, y1]: readonly [number, number, number, number], color: Rgb, width: number): void {
    // More than the whole picture changes nothing.
    const most = Math.min(
      width,
      Math.max(this.width + Math.abs(x0) + Math.abs(x1), this.height + Math.abs(y0) + Math.abs(y1)),
    );
    for (let i = 0; i < most; i++) {
      this.row(x0, y0 + i, x1, color);
      this.row(x0, y1 - i, x1, color);
      this.column(x1 - i, y0 + width, y1 - width + 1, color);
      this.column(x0 + i, y0 + width, y1 - width + 1, color);
    }
  }

  /** A filled ellipse in a box of pixels, by Bresenham's steps along a quarter of it. */
  ellipse(x0: number, y0: number, x1: number, y1: number, color: Rgb): void {
    const [a, b] = [x1 - x0, y1 - y0];
    if (a < 0 || b < 0) return;
    let [x, y] = [a, b % 2];
    const off = (u: number, v: number): number => Math.abs(a * a * v * v + b * b * u * u - a * a * b * b);
    let drawn = -1;
    for (;;) {
      if (y !== drawn) {
        const [left, right] = [x0 + (a - x) / 2, x0 + (a + x) / 2];
        this.row(left, y0 + (b + y) / 2, right, color);
        this.row(left, y0 + (b - y) / 2, right, color);
        drawn = y;
      }
      // Sides beyond 2^13 are not exact in doubles, and may miss the last step.
      if ((x === a % 2 && y === b) || y > b) return;
      [x, y] = nextStep(x, y, off);
    }
  }

  /** A line, both ends drawn. */
  line(from: Point, to: Point, color: Rgb, width: number): void {
    if (width <= 1) this.thinLine(from, to, color);
    else this.wideLine(from, to, color, width);
  }

  private thinLine([x0, y0]: Point, [x1, y1]: Point, color: Rgb): void {
    const [dx, dy] = [Math.abs(x1 - x0), Math.abs(y1 - y0)];
    const [sx, sy] = [x1 < x0 ? -1 : 1, y1 < y0 ? -1 : 1];
    const isFlat = dx > dy;
    const [long, short] = isFlat ? [dx, dy] : [dy, dx];
    let [x, y, error] = [x0, y0, 2 * short - long];
    for (let i = 0; i <= long; i++) {
      this.row(x, y, x, color);
      if (error >= 0) {
        if (isFlat) y += sy;
        else x += sx;
        error -= 2 * long;
      }
      if (isFlat) x += sx;
      else y += sy;
      error += 2 * short;
    }
  }

  private wideLine([x0, y0]: Point, [x1, y1]: Point, color: Rgb, width: number): void {
    const [dx, dy] = [x1 - x0, y1 - y0];
    if (dx === 0 && dy === 0) {
      this.row(x0, y0, x0, color);
      return;
    }
    const [length, half] = [Math.hypot(dx, dy), (width - 1) / 2];
    const [least, most] = [roundDown(half) / length, roundUp(half) / length];
    const [dxmin, dxmax] = [roundDown(least * dy), roundDown(most * dy)];
    const [dymin, dymax] = [roundUp(least * dx), roundUp(most * dx)];
    this.polygon(
      [
        [x0 - dxmin, y0 + dymax],
        [x1 - dxmin, y1 + dymax],
        [x1 + dxmax, y1 - dymin],
        [x0 + dxmax, y0 - dymin],
      ],
      color,
    );
  }

  private polygon(corners: readonly Point[], color: Rgb): void {
    const edges = corners.map((corner, i) => edgeOf(corner, corners[(i + 1) % corners.length]!));
    for (const edge of edges) if (edge.top === edge.bottom) this.row(edge.left, edge.top, edge.right, color);
    const slanted = edges.filter(({ top, bottom }) => top !== bottom);
    const most = Math.max(...edges.map(({ bottom }) => bottom));
    const end = Math.min(most, this.height - 1);
    for (let y = Math.max(0, Math.min(...edges.map(({ top }) => top))); y <= end; y++)
      this.span(slanted, y, Math.min(most, this.height), color);
  }

  /** What of row `y` lies within edges. */
  private span(edges: readonly Edge[], y: number, end: number, color: Rgb): void {
    const crossings: number[] = [];
    for (const { top, bottom, x0, y0, slope } of edges) {
      if (y < top || y > bottom) continue;
      const x = Math.fround(Math.fround((y - y0) * slope) + x0);
      crossings.push(x);
      if (y === bottom && y < end) crossings.push(x);
    }
    crossings.sort((a, b) => a - b);
    for (let i = 1; i < crossings.length; i += 2)
      this.row(roundUp(crossings[i - 1]!), y, roundDown(crossings[i]!), color);
  }

  /** Letters, from their upper left corner on. */
  text(text: string, x: number, y: number, color: Rgb): void {
    let [left, top] = [x, y];
    for (const letter of text) {
      if (letter === "\n") {
        left = x;
        top += GLYPH_HEIGHT + 2;
        continue;
      }
      const columns = glyphOf(letter);
      for (let i = 0; i < GLYPH_WIDTH; i++)
        for (let j = 0; j < GLYPH_HEIGHT; j++) if ((columns[i]! >> j) & 1) this.row(left + i, top + j, left + i, color);
      left += GLYPH_WIDTH + 1;
    }
  }
}

/** `in` of 255 covered by `color`, rounded as PIL does. */
function blend(under: number, color: number, alpha: number): number {
  const t = under * (255 - alpha) + color * alpha + 128;
  return ((t >> 8) + t) >> 8;
}

/** The neighbor that lies nearest to the ellipse. */
function nextStep(x: number, y: number, off: (x: number, y: number) => number): [number, number] {
  let best: [number, number] = [x, y + 2];
  if (x <= 1) return best;
  let least = off(...best);
  for (const step of [
    [x - 2, y + 2],
    [x - 2, y],
  ] as [number, number][]) {
    const distance = off(...step);
    if (least > distance) [best, least] = [step, distance];
  }
  return best;
}
