/**
 * What a 3×3 convolution of stride 1 looks like in tiles: planes of outputs are cut into tiles of m×m, numbered over all
 * images, line by line; a block is a run of neighboring tiles. A block's source is staged channel by channel, padding
 * included, and a table says where each of its tiles begins there and in the result.
 */
import { Geometry, groupIn, groupOut } from "../geometry";
import { ceilDiv } from "../plan";
import { arrange, stagePlane, Window } from "../stage";

/** Sizes in elements. `rows` and `depth` are the channels of one group of the result and of the source. */
@final
@unmanaged
export class Field {
  images: i32;
  groups: i32;
  rows: i32;
  depth: i32;
  /** Source plane, plane of outputs, zero padding of the source. */
  h: i32;
  w: i32;
  outH: i32;
  outW: i32;
  padH: i32;
  padW: i32;
  /** Outputs of a tile along an axis; tiles of a line, of a plane, of all images. */
  m: i32;
  across: i32;
  perImage: i32;
  tiles: i32;
}

/** The field of the forward pass, or of the input gradient: a convolution of the gradient of y with the reversed taps. */
export function describe(f: Field, g: Geometry, m: i32, gradient: bool): void {
  f.images = g.n;
  f.groups = g.groups;
  f.rows = gradient ? groupIn(g) : groupOut(g);
  f.depth = gradient ? groupOut(g) : groupIn(g);
  f.h = gradient ? g.oh : g.h;
  f.w = gradient ? g.ow : g.w;
  f.outH = gradient ? g.h : g.oh;
  f.outW = gradient ? g.w : g.ow;
  f.padH = gradient ? 2 - g.ph : g.ph;
  f.padW = gradient ? 2 - g.pw : g.pw;
  f.m = m;
  f.across = ceilDiv(f.outW, m);
  f.perImage = f.across * ceilDiv(f.outH, m);
  f.tiles = f.images * f.perImage;
}

/** A tile of a block: where it begins in the staged source (bytes) and in a channel of the result, and what of it exists. */
@final
@unmanaged
export class Tile {
  /** Bytes from the start of the staged source; elements from the start of the image's channel. */
  from: i32;
  to: i32;
  image: i32;
  /** Outputs that exist; less than m at the edges, 0 beyond the last tile. */
  lines: i32;
  columns: i32;

  @inline get outputs(): i32 {
    return this.lines * this.columns;
  }
}

export const TILE_BYTES: usize = offsetof<Tile>();

/** How windows of `size` elements, m apart, are staged: they begin `pad` elements outside of planes of h×w. */
@final
@unmanaged
export class Staging {
  size: i32;
  padH: i32;
  padW: i32;
  window: Window;
}

/** Prepares staging: of the windows that the source transform reads, or, if size is m, of the tiles of outputs themselves. */
export function openStaging(s: Staging, f: Field, size: i32): void {
  const source = size > f.m,
    v = s.window;
  s.size = size;
  s.padH = source ? f.padH : 0;
  s.padW = source ? f.padW : 0;
  arrange(v, false);
  v.column0 = -s.padW;
  v.stride = 1;
  v.phases = 1;
  v.pitch = f.across * f.m + size - f.m;
  v.h = source ? f.h : f.outH;
  v.w = source ? f.w : f.outW;
}

/** Lines of tiles of image `n` that a block [t0, t1) touches: first and number, and the lines that are staged for them. */
// @ts-ignore: decorator
@inline
function firstLine(f: Field, n: i32, t0: i32): i32 {
  return max(t0 - n * f.perImage, 0) / f.across;
}

// @ts-ignore: decorator
@inline
function stagedLines(s: Staging, f: Field, n: i32, t0: i32, t1: i32): i32 {
  const last = (min(t1 - n * f.perImage, f.perImage) - 1) / f.across;
  return (last - firstLine(f, n, t0)) * f.m + s.size;
}

/** Writes the table of the tiles [t0, t1), filled up to `count` with tiles that have no outputs. */
export function tabulate(table: usize, s: Staging, f: Field, t0: i32, t1: i32, count: i32): void {
  let image = t0 / f.perImage,
    base = 0,
    at = table;
  for (let t = t0; t < t1; t++) {
    if (t == (image + 1) * f.perImage) {
      base += stagedLines(s, f, image, t0, t1) * s.window.pitch;
      image++;
    }
    const inside = t - image * f.perImage,
      line = inside / f.across,
      column = inside - line * f.across;
    const e = changetype<Tile>(at);
    e.from = (base + ((line - firstLine(f, image, t0)) * s.window.pitch + column) * f.m) << 2;
    e.to = (line * f.outW + column) * f.m;
    e.image = image;
    e.lines = min(f.m, f.outH - line * f.m);
    e.columns = min(f.m, f.outW - column * f.m);
    at += TILE_BYTES;
  }
  for (let t = t1 - t0; t < count; t++) {
    memory.copy(at, at - TILE_BYTES, TILE_BYTES);
    changetype<Tile>(at).lines = 0;
    at += TILE_BYTES;
  }
}

/** Stages one channel of the tiles [t0, t1); `x` is that channel of image 0, images are `step` bytes apart. */
export function stage(dst: usize, s: Staging, f: Field, x: usize, step: usize, t0: i32, t1: i32): void {
  const v = s.window;
  for (let n = t0 / f.perImage; n * f.perImage < t1; n++) {
    v.row0 = firstLine(f, n, t0) * f.m - s.padH;
    v.rows = stagedLines(s, f, n, t0, t1);
    stagePlane(v, dst, x + <usize>n * step);
    dst += (<usize>(v.rows * v.pitch)) << 2;
  }
}
