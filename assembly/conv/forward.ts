/** y = correlation of x with w, plus bias. */
import { Correlation, correlate, correlationAt } from "./correlate";
import { Geometry, groupIn, groupOut } from "./geometry";
import { splatAt } from "../gemm/micro";
import { lanes } from "../simd";
import { ceilDiv, images, planesPerBlock, rowsPerTask, tileColumns, tileLines, tilesPerPlane } from "./plan";

/** Tasks [begin, end) of `correlationTasks(g, false)`. */
export function forward<T>(y: usize, x: usize, w: usize, bias: usize, g: Geometry, scratch: usize, begin: i32, end: i32): void {
  const v = correlationAt(scratch);
  describe<T>(v, g);
  v.add = bias != 0;
  const all = groupOut(g), size = rowsPerTask(g, false), blocks = ceilDiv(all, size);
  const tiles = tilesPerPlane(g, false), across = ceilDiv(g.ow, v.tileW), planes = images(g, false);
  for (let task = begin; task < end; task++) {
    const plane = task / tiles, tile = task - plane * tiles;
    const part = plane / planes, image = plane - part * planes;
    const group = part / blocks, r0 = (part - group * blocks) * size;
    const i0 = (tile / across) * v.tileH, j0 = (tile % across) * v.tileW;
    v.key = part + 1;
    select(v, g, y, x, w, group, image);
    const r1 = min(r0 + size, all), i1 = min(i0 + v.tileH, g.oh), j1 = min(j0 + v.tileW, g.ow);
    if (bias) spread<T>(v, bias + <usize>(group * all) * sizeof<T>(), r0, r1, i0, i1, j0, j1);
    correlate<T>(v, r0, r1, i0, i1, j0, j1);
  }
}

/** What all tasks have in common. */
function describe<T>(v: Correlation, g: Geometry): void {
  const size = sizeof<T>();
  v.depth = g.d; v.h = g.h; v.w = g.w;
  v.xDepth = <usize>(g.h * g.w) * size;
  v.xChannel = <usize>g.d * v.xDepth;
  v.channels = groupIn(g);
  v.td = g.kd; v.th = g.kh; v.tw = g.kw;
  v.row0 = -g.ph; v.column0 = -g.pw;
  v.stepD = g.dd; v.stepH = g.dh; v.stepW = g.dw;
  v.strideH = g.sh; v.strideW = g.sw;
  v.ww = size;
  v.wh = <usize>g.kw * v.ww;
  v.wd = <usize>g.kh * v.wh;
  v.wChannel = <usize>g.kd * v.wd;
  v.wRow = <usize>groupIn(g) * v.wChannel;
  v.yw = size;
  v.yh = <usize>g.ow * size;
  v.yRow = <usize>(g.od * g.oh) * v.yh;
  v.tileH = tileLines(g, false);
  v.tileW = tileColumns(g.ow);
  v.planeBlock = planesPerBlock(g, false);
}

/** The operands of one group and one plane of outputs. */
function select(v: Correlation, g: Geometry, y: usize, x: usize, w: usize, group: i32, image: i32): void {
  const n = image / g.od, depth = image - n * g.od;
  v.x = x + <usize>(n * g.c + group * groupIn(g)) * v.xChannel;
  v.depth0 = depth * g.sd - g.pd;
  v.weight = w + <usize>(group * groupOut(g)) * v.wRow;
  v.y = y + <usize>(n * g.o + group * groupOut(g)) * v.yRow + <usize>(depth * g.oh) * v.yh;
}

/** Writes the bias of every channel to its outputs. */
function spread<T>(v: Correlation, bias: usize, r0: i32, r1: i32, i0: i32, i1: i32, j0: i32, j1: i32): void {
  for (let r = r0; r < r1; r++) {
    const value = splatAt<T>(bias + <usize>r * sizeof<T>());
    for (let i = i0; i < i1; i++) {
      fillRun<T>(v.y + <usize>r * v.yRow + <usize>i * v.yh + <usize>j0 * sizeof<T>(), value, j1 - j0);
    }
  }
}

function fillRun<T>(y: usize, value: v128, count: i32): void {
  for (; count >= lanes<T>(); count -= lanes<T>()) {
    v128.store(y, value);
    y += 16;
  }
  for (; count > 0; count--) {
    store<T>(y, v128.extract_lane<T>(value, 0));
    y += sizeof<T>();
  }
}
