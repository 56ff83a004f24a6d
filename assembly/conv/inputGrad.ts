/**
 * The gradient of x: for every residue of the position modulo the stride, a correlation of the gradient of y with the
 * taps that meet it, reversed, at stride 1. No product with the zeros between strided outputs is formed.
 */
import { Axis, axis } from "./axis";
import { correlate } from "./correlate";
import { Correlation, correlationAt } from "./correlation";
import { Geometry, groupIn, groupOut } from "./geometry";
import {
  BY_IMAGES,
  ceilDiv,
  columns,
  flagsOf,
  images,
  mostTiles,
  planesPerBlock,
  rowsPerTask,
  SIDE_BY_SIDE,
  tileColumns,
  tileLines,
  tilesPerPlane,
} from "./plan";
import { arrange } from "./stage";

/** The axes of the residue at hand, and the steps between taps of w. They follow the record of the correlation. */
@final
@unmanaged
class Residue {
  kd: usize;
  kh: usize;
  kw: usize;
  d: Axis;
  h: Axis;
  w: Axis;
}

function residueAt(scratch: usize): Residue {
  const at = scratch + 640;
  const r = changetype<Residue>(at);
  r.d = changetype<Axis>(at + 64);
  r.h = changetype<Axis>(at + 128);
  r.w = changetype<Axis>(at + 192);
  return r;
}

/** Tasks [begin, end) of `correlationTasks(g, flagsOf(g, true))`. */
export function inputGrad(gx: usize, gy: usize, w: usize, g: Geometry, scratch: usize, begin: i32, end: i32): void {
  const flags = flagsOf(g, true),
    v = correlationAt(scratch),
    r = residueAt(scratch);
  describe(v, r, g, flags);
  const all = groupIn(g),
    size = rowsPerTask(g, flags),
    blocks = ceilDiv(all, size);
  const tiles = tilesPerPlane(g, flags),
    across = ceilDiv(columns(g, flags), v.tileW),
    planes = images(g, flags);
  const height = v.tileH,
    most = mostTiles(g, flags, height);
  for (let task = begin; task < end; ) {
    const plane = task / tiles,
      tile = task - plane * tiles;
    const part = plane / planes,
      image = plane - part * planes;
    const group = part / blocks,
      r0 = (part - group * blocks) * size;
    const first = image / g.d,
      depth = image - first * g.d,
      n = flags & BY_IMAGES ? first * SIDE_BY_SIDE : first;
    const weight = w + <usize>(group * groupOut(g)) * v.wChannel;
    const out = gx + (<usize>(n * g.c + group * all) * v.yRow + ((<usize>(depth * g.h * g.w)) << 2));
    v.window.images = min(SIDE_BY_SIDE, g.n - n);
    v.x = gy + <usize>(n * g.o + group * groupOut(g)) * v.xChannel;
    const joined = min(min(most, tiles - tile), end - task);
    task += joined;
    v.tileH = joined * height;
    v.key = g.d == 1 && g.sh * g.sw == 1 ? part * tiles + joined : 0;
    selectDepth(v, r, g, depth);
    const i0 = (tile / across) * height,
      j0 = (tile % across) * v.tileW,
      r1 = min(r0 + size, all);
    residues(v, r, g, out, weight, r0, r1, i0, j0);
  }
}

/** What all tasks have in common. */
function describe(v: Correlation, r: Residue, g: Geometry, flags: i32): void {
  v.depth = g.od;
  v.h = g.oh;
  v.w = g.ow;
  v.xDepth = (<usize>(g.oh * g.ow)) << 2;
  v.xChannel = <usize>g.od * v.xDepth;
  arrange(v.window, (flags & BY_IMAGES) != 0);
  v.window.image = <usize>g.o * v.xChannel;
  v.channels = groupOut(g);
  v.strideH = 1;
  v.strideW = 1;
  r.kw = 4;
  r.kh = <usize>g.kw * r.kw;
  r.kd = <usize>g.kh * r.kh;
  v.wRow = <usize>g.kd * r.kd;
  v.wChannel = <usize>groupIn(g) * v.wRow;
  v.yw = (<usize>g.sw) << 2;
  v.yh = (<usize>(g.sh * g.w)) << 2;
  v.yRow = (<usize>(g.d * g.h * g.w)) << 2;
  v.yImage = <usize>g.c * v.yRow;
  v.bias = 0;
  v.tileH = tileLines(g, flags);
  v.tileW = tileColumns(columns(g, flags));
  v.planeBlock = planesPerBlock(g, flags);
}

function selectDepth(v: Correlation, r: Residue, g: Geometry, depth: i32): void {
  const a = r.d;
  axis(a, depth % g.sd, g.d, g.kd, g.sd, g.pd, g.dd);
  v.td = a.taps;
  v.depth0 = depth / g.sd + a.origin;
  v.stepD = a.step;
  v.wd = 0 - <usize>a.spacing * r.kd;
}

/** One tile of every residue of height and width. */
function residues(
  v: Correlation,
  r: Residue,
  g: Geometry,
  out: usize,
  weight: usize,
  r0: i32,
  r1: i32,
  i0: i32,
  j0: i32,
): void {
  for (let rh = 0; rh < min(g.sh, g.h); rh++) {
    axis(r.h, rh, g.h, g.kh, g.sh, g.ph, g.dh);
    for (let rw = 0; rw < min(g.sw, g.w); rw++) {
      axis(r.w, rw, g.w, g.kw, g.sw, g.pw, g.dw);
      const i1 = min(i0 + v.tileH, r.h.count),
        j1 = min(j0 + v.tileW, r.w.count);
      if (i0 >= i1 || j0 >= j1) continue;
      selectTaps(v, r, weight);
      v.y = out + <usize>(rh * g.w + rw) * r.kw;
      correlate(v, r0, r1, i0, i1, j0, j1);
    }
  }
}

function selectTaps(v: Correlation, r: Residue, weight: usize): void {
  const h = r.h,
    w = r.w;
  v.th = h.taps;
  v.row0 = h.origin;
  v.stepH = h.step;
  v.tw = w.taps;
  v.column0 = w.origin;
  v.stepW = w.step;
  v.wh = 0 - <usize>h.spacing * r.kh;
  v.ww = 0 - <usize>w.spacing * r.kw;
  v.weight = weight + <usize>r.d.last * r.kd + <usize>h.last * r.kh + <usize>w.last * r.kw;
}
