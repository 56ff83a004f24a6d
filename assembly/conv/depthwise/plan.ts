/**
 * How a depthwise convolution is cut: fours of channels, tiles of their planes; where it is the sweep of sweep.ts, tiles of the planes of one channel.
 * Everything follows from the geometry alone.
 */
import { Axis, axis } from "../axis";
import { Geometry } from "../geometry";
import { ceilDiv, columns, lines, MAX_STAGED, SIDE_BY_SIDE } from "../plan";
import { arrange, stagePlane, Window } from "../stage";
import { isSweep, sweepTiles } from "./sweep";

/** Channels in the lanes of a vector, where others have images; with fewer than three, direct sums are faster. */
export const LANES: i32 = SIDE_BY_SIDE;
const FEWEST: i32 = 3;
/** Bytes that the outputs of a tile and what lies under them try not to exceed: the first cache level. */
const NEAR_TILE: i32 = 1 << 15;
/** Bytes that its staged source tries not to exceed: the second level. */
const NEAR_SOURCE: i32 = 1 << 18;
/** Columns of a tile at most, of a phase. */
const MAX_RUN: i32 = 512;
/** Taps and phases at most. */
const MAX_TAPS: i32 = 4096;
const MAX_PHASES: i32 = 64;

/** Whether a convolution is depthwise, in two dimensions, and fits the areas below. */
export function isDepthwise(g: Geometry): bool {
  const flat = g.d == 1 && g.od == 1 && g.kd == 1 && g.pd == 0;
  if (!flat || g.groups < FEWEST || g.c != g.groups || g.o != g.groups) return false;
  if (max(g.sh, g.sw) > MAX_PHASES || g.sh * g.sw > MAX_PHASES) return false;
  return max(g.kh, g.kw) <= MAX_TAPS && g.kh * g.kw <= MAX_TAPS && sourceBytes(g, 1, MAX_RUN) <= MAX_STAGED;
}

/** Bytes of the staged source of `h` lines and `w` columns of outputs, of a phase; of a gradient no more. */
function sourceBytes(g: Geometry, h: i32, w: i32): i64 {
  const rows = <i64>(h - 1) * g.sh + <i64>(g.kh - 1) * g.dh + 2;
  return rows * (<i64>(w - 1) * g.sw + <i64>(g.kw - 1) * g.dw + 2) * 16;
}

/** Fours of channels. */
export function quads(g: Geometry): i32 {
  return ceilDiv(g.c, LANES);
}

/** Lines and columns of the outputs of a tile, of a phase. */
function linesOfTile(g: Geometry, pass: i32): i32 {
  const all = max(lines(g, pass), 1),
    w = columnsOfTile(g, pass);
  let most = max(NEAR_TILE / (16 * (1 + g.sh * g.sw) * w), 1);
  while (most > 1 && sourceBytes(g, most, w) > NEAR_SOURCE) most = most / 2;
  return ceilDiv(all, ceilDiv(all, most));
}

function columnsOfTile(g: Geometry, pass: i32): i32 {
  return max(min(columns(g, pass), MAX_RUN), 1);
}

/** Tiles of a plane. */
export function tilesOf(g: Geometry, pass: i32): i32 {
  return ceilDiv(lines(g, pass), linesOfTile(g, pass)) * ceilDiv(columns(g, pass), columnsOfTile(g, pass));
}

/** Tasks of a pass: of the weight gradient fours of channels, of the others the tiles of all images. */
export function depthwiseTasks(g: Geometry, pass: i32): i32 {
  if (pass == 2) return quads(g);
  return g.n * (isSweep(g, pass) ? g.c * sweepTiles(g, pass) : quads(g) * tilesOf(g, pass));
}

/** An axis of the planes: source and outputs, the distance of neighboring outputs of a phase, and of their sources. */
@final
@unmanaged
export class Side {
  source: i32;
  outputs: i32;
  spread: i32;
  stride: i32;
  /** First and last element of the source that output 0 of any phase sees. */
  first: i32;
  last: i32;
  /** Outputs of a tile, of a phase; the first one of the tile at hand. */
  tile: i32;
  at: i32;
}

/** Outputs that share their taps: all of them forward; for a gradient, those of one residue modulo the stride. */
@final
@unmanaged
export class Phase {
  /** Number of lines and columns, and the first of them. */
  lines: i32;
  columns: i32;
  line: i32;
  column: i32;
  /** Taps, and where the table says of each what it adds to the address of the source and of the weights. */
  taps: i32;
  table: usize;
}

/** One pass. Areas of the thread's memory: vectors of four channels but for the phases and the table. */
@final
@unmanaged
export class Field {
  g: Geometry;
  gradient: bool;
  h: Side;
  w: Side;
  phases: usize;
  table: usize;
  weights: usize;
  results: usize;
  staged: usize;
  /** The source of a tile; the other operand, weights or the gradient of y. */
  source: Window;
  other: Window;
}

/** Lays the record out and fills it in: of the forward pass, which the weight gradient shares, or the input gradient. */
export function fieldAt(scratch: usize, g: Geometry, gradient: bool): Field {
  const q = changetype<Field>(scratch),
    pass = <i32>gradient;
  q.g = g;
  q.gradient = gradient;
  q.h = changetype<Side>(scratch + 64);
  q.w = changetype<Side>(scratch + 128);
  q.source = changetype<Window>(scratch + 192);
  q.other = changetype<Window>(scratch + 256);
  q.phases = scratch + 512;
  q.table = q.phases + MAX_PHASES * 32;
  q.weights = q.table + (MAX_TAPS + 16) * 8;
  q.results = q.weights + (MAX_TAPS + 16) * 16;
  q.staged = q.results + max(NEAR_TILE, MAX_RUN * MAX_PHASES * 16);
  const a = changetype<Axis>(scratch + 384),
    b = changetype<Axis>(scratch + 448);
  describe(q, a, true);
  describe(q, b, false);
  q.h.tile = linesOfTile(g, pass);
  q.w.tile = columnsOfTile(g, pass);
  openWindow(q.source, q.h.source * q.w.source);
  openWindow(q.other, 0);
  q.source.pitch = (q.w.tile - 1) * q.w.stride + q.w.last - q.w.first + 1;
  q.source.rows = (q.h.tile - 1) * q.h.stride + q.h.last - q.h.first + 1;
  q.source.h = q.h.source;
  q.source.w = q.w.source;
  listPhases(q, a, b);
  return q;
}

/** The lanes are channels, `plane` elements apart. */
function openWindow(v: Window, plane: i32): void {
  arrange(v, true);
  v.image = (<usize>plane) << 2;
  v.stride = 1;
  v.phases = 1;
}

/** Lines, or columns, that share the residue `r`. */
function selectAxis(q: Field, a: Axis, vertical: bool, r: i32): void {
  const g = q.g,
    kernel = vertical ? g.kh : g.kw,
    pad = vertical ? g.ph : g.pw,
    dilation = vertical ? g.dh : g.dw;
  if (q.gradient) {
    axis(a, r, vertical ? g.h : g.w, kernel, vertical ? g.sh : g.sw, pad, dilation);
  } else {
    a.count = vertical ? g.oh : g.ow;
    a.taps = kernel;
    a.last = 0;
    a.spacing = -1;
    a.step = dilation;
    a.origin = -pad;
  }
}

/** Sizes and distances of an axis; `a` is a record to work with. */
function describe(q: Field, a: Axis, vertical: bool): void {
  const g = q.g,
    s = vertical ? q.h : q.w,
    stride = vertical ? g.sh : g.sw,
    back = q.gradient;
  const x = vertical ? g.h : g.w,
    y = vertical ? g.oh : g.ow;
  s.source = back ? y : x;
  s.outputs = back ? x : y;
  s.spread = back ? stride : 1;
  s.stride = back ? 1 : stride;
  s.first = i32.MAX_VALUE;
  s.last = i32.MIN_VALUE;
  for (let r = 0; r < s.spread; r++) {
    selectAxis(q, a, vertical, r);
    if (a.taps == 0) continue;
    s.first = min(s.first, a.origin);
    s.last = max(s.last, a.origin + (a.taps - 1) * a.step);
  }
}

/** The phases and the table of their taps; `a` and `b` are records to work with. */
function listPhases(q: Field, a: Axis, b: Axis): void {
  let p = changetype<Phase>(q.phases),
    at = q.table;
  for (let r = 0; r < q.h.spread; r++) {
    selectAxis(q, a, true, r);
    for (let s = 0; s < q.w.spread; s++) {
      selectAxis(q, b, false, s);
      p.lines = a.count;
      p.columns = b.count;
      p.line = r;
      p.column = s;
      p.taps = a.taps * b.taps;
      p.table = at;
      for (let u = 0; u < a.taps; u++) {
        for (let v = 0; v < b.taps; v++) {
          const line = a.origin - q.h.first + u * a.step,
            column = b.origin - q.w.first + v * b.step;
          store<i32>(at, (line * q.source.pitch + column) << 4);
          store<i32>(at, ((a.last - u * a.spacing) * q.g.kw + b.last - v * b.spacing) << 4, 4);
          at += 8;
        }
      }
      p = changetype<Phase>(changetype<usize>(p) + offsetof<Phase>());
    }
  }
}

/** Stages the source of a tile: channels from the one at `x` of its image. */
export function stageTile(q: Field, tile: i32, x: usize): void {
  const h = q.h,
    w = q.w,
    v = q.source,
    across = ceilDiv(columns(q.g, <i32>q.gradient), w.tile);
  h.at = (tile / across) * h.tile;
  w.at = (tile % across) * w.tile;
  v.row0 = h.at * h.stride + h.first;
  v.column0 = w.at * w.stride + w.first;
  stagePlane(v, q.staged, x);
}
