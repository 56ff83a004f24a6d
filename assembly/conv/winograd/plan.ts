/** How Winograd's algorithm is cut, and what it costs. Everything follows from the geometry alone. */
import { MR } from "../../gemm/blocking";
import { DOT_OTHERS, DOT_PITCH } from "../../gemm/dot";
import { Geometry, groupIn, groupOut } from "../geometry";
import { ceilDiv } from "../plan";

/** Tiles of a block at most; and at least, if there are as many. */
const MAX_BLOCK: i32 = 128;
const MIN_BLOCK: i32 = 16;
/** Tiles of a chunk of the weight gradient at most. */
const MAX_CHUNK: i32 = 96;
/** Transformed source of a block, in bytes: about what stays in the second cache level. */
const BLOCK_BYTES: i32 = 1 << 19;
/** Rows, or planes, of a task at most. */
const MAX_ROWS: i32 = 72;
/** Rows of a part of the weight gradient are pairs, its planes sixfold. */
const PART_UNIT: i32 = 6;
/** Bytes of a thread's memory that blocks and what is staged may take. */
const ROOM: i64 = 4096000;

/** Tiles of a block, a multiple of 8; all blocks but the last have as many. */
export function tileBlock(tiles: i32, depth: i32, m: i32): i32 {
  const room = BLOCK_BYTES / ((m + 2) * (m + 2) * 4 * max(depth, 1));
  const most = min(max(room, MIN_BLOCK), MAX_BLOCK);
  const size = ceilDiv(tiles, ceilDiv(tiles, most));
  return ceilDiv(size, 8) * 8;
}

/** Rows of a task: all, or equal parts. */
export function tileRows(rows: i32): i32 {
  return ceilDiv(ceilDiv(rows, max(ceilDiv(rows, MAX_ROWS), 1)), MR) * MR;
}

/** Tiles of a chunk of the weight gradient. */
export function gradChunk(tiles: i32): i32 {
  const size = ceilDiv(tiles, ceilDiv(tiles, MAX_CHUNK));
  return ceilDiv(size, 4) * 4;
}

/** Rows of a task of the weight gradient: all, or equal parts. */
export function gradRows(rows: i32): i32 {
  return ceilDiv(ceilDiv(rows, ceilDiv(rows, MAX_ROWS)), PART_UNIT) * PART_UNIT;
}

/** Planes of such a task; half of them if there would be a single task. */
export function gradPlanes(rows: i32, depth: i32): i32 {
  const parts = max(ceilDiv(depth, MAX_ROWS), rows <= MAX_ROWS ? 2 : 1);
  return ceilDiv(ceilDiv(depth, parts), PART_UNIT) * PART_UNIT;
}

/** Tiles of all images; of the forward pass and the weight gradient, or of the input gradient. */
export function tileCount(g: Geometry, m: i32, gradient: bool): i32 {
  const h = gradient ? g.h : g.oh,
    w = gradient ? g.w : g.ow;
  return g.n * ceilDiv(h, m) * ceilDiv(w, m);
}

/** Tasks of the forward pass and of the input gradient: groups × blocks of tiles × parts of the rows, the last varying fastest. */
export function tileTasks(g: Geometry, m: i32, gradient: bool): i32 {
  const rows = gradient ? groupIn(g) : groupOut(g),
    depth = gradient ? groupOut(g) : groupIn(g);
  const tiles = tileCount(g, m, gradient),
    blocks = ceilDiv(tiles, tileBlock(tiles, depth, m));
  return g.groups * blocks * ceilDiv(rows, tileRows(rows));
}

/** Tasks of the weight gradient: groups × parts of the rows × parts of the planes. */
export function gradTasks(g: Geometry): i32 {
  const rows = groupOut(g),
    depth = groupIn(g);
  return g.groups * ceilDiv(rows, gradRows(rows)) * ceilDiv(depth, gradPlanes(rows, depth));
}

/** The convolutions that can be computed in tiles: of two dimensions, 3×3, stride and dilation 1, padding up to 2. */
export function isTiled(g: Geometry): bool {
  const plane = g.d * g.od * g.kd == 1 && g.pd == 0;
  const taps = g.kh == 3 && g.kw == 3 && g.sh == 1 && g.sw == 1 && g.dh == 1 && g.dw == 1;
  return plane && taps && g.ph <= 2 && g.pw <= 2;
}

/** Bytes that `count` neighboring tiles take when they are staged, at most. */
function stagedBytes(g: Geometry, m: i32, gradient: bool, count: i32): i64 {
  const across = ceilDiv(gradient ? g.w : g.ow, m),
    down = ceilDiv(gradient ? g.h : g.oh, m);
  const images = ceilDiv(count, across * down) + 1,
    lines = ceilDiv(count, across) + 1 + images;
  return <i64>(lines * m + 2 * images) * (across * m + 2) * 4;
}

/** Whether the blocks of a pass fit the memory of a thread. */
export function tilesFit(g: Geometry, m: i32, gradient: bool, weights: bool): bool {
  const values = <i64>(m + 2) * (m + 2),
    tiles = tileCount(g, m, gradient);
  const rows = gradient ? groupIn(g) : groupOut(g),
    depth = gradient ? groupOut(g) : groupIn(g);
  if (weights) {
    const r = gradRows(rows),
      p = gradPlanes(rows, depth),
      chunk = gradChunk(tiles);
    const totals = r * ceilDiv(p, DOT_OTHERS) * DOT_PITCH;
    return values * ((r + p) * chunk + totals) * 4 + stagedBytes(g, m, false, chunk) <= ROOM;
  }
  const block = tileBlock(tiles, depth, m);
  const source = values * (block / 8) * (depth * 32 + 64),
    products = values * tileRows(rows) * block * 4;
  return source + products + stagedBytes(g, m, gradient, block) <= ROOM;
}

/** What transforming a value costs, in multiply-adds of the products: of a tile and channel, and of a weight. */
const TILE_VALUE: f64 = 6;
const WEIGHT_VALUE: f64 = 4;
/** The same of a weight when there are more values than the caches hold. */
const FAR_WEIGHT_VALUE: f64 = 12;
const NEAR_VALUES: f64 = 1048576;
/** What a multiply-add of the weight gradient costs: its sums are short. */
const WEIGHT_GRAD: f64 = 1.25;

/** Multiply-adds of a pass, the transforms included. */
export function tiledWork(g: Geometry, m: i32, gradient: bool, weights: bool): f64 {
  const r = <f64>(gradient ? groupIn(g) : groupOut(g)),
    d = <f64>(gradient ? groupOut(g) : groupIn(g));
  const t = <f64>tileCount(g, m, gradient),
    again = weights ? <f64>ceilDiv(groupOut(g), MAX_ROWS) : 1;
  const values = <f64>((m + 2) * (m + 2)),
    perWeight = values * r * d > NEAR_VALUES ? FAR_WEIGHT_VALUE : WEIGHT_VALUE;
  const products = r * d * t * (weights ? WEIGHT_GRAD : 1);
  return values * g.groups * (products + TILE_VALUE * t * (again * d + r) + perWeight * r * d);
}
