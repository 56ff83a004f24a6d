/** y = correlation of x with w, plus bias. */
import { correlate } from "./correlate";
import { Correlation, correlationAt } from "./correlation";
import { Geometry, groupIn, groupOut } from "./geometry";
import {
  BY_IMAGES,
  ceilDiv,
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

/** Tasks [begin, end) of `correlationTasks(g, flagsOf(g, false))`. */
export function forward(
  y: usize,
  x: usize,
  w: usize,
  bias: usize,
  g: Geometry,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  const flags = flagsOf(g, false),
    v = correlationAt(scratch);
  describe(v, g, flags);
  const all = groupOut(g),
    size = rowsPerTask(g, flags),
    blocks = ceilDiv(all, size);
  const tiles = tilesPerPlane(g, flags),
    across = ceilDiv(g.ow, v.tileW),
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
    const i0 = (tile / across) * height,
      j0 = (tile % across) * v.tileW;
    const joined = min(min(most, tiles - tile), end - task);
    task += joined;
    v.tileH = joined * height;
    v.key = part * tiles + joined;
    v.bias = bias ? bias + ((<usize>(group * all)) << 2) : 0;
    select(v, g, y, x, w, group, image, flags);
    const r1 = min(r0 + size, all),
      i1 = min(i0 + v.tileH, g.oh),
      j1 = min(j0 + v.tileW, g.ow);
    correlate(v, r0, r1, i0, i1, j0, j1);
  }
}

/** What all tasks have in common. */
function describe(v: Correlation, g: Geometry, flags: i32): void {
  v.depth = g.d;
  v.h = g.h;
  v.w = g.w;
  v.xDepth = (<usize>(g.h * g.w)) << 2;
  v.xChannel = <usize>g.d * v.xDepth;
  arrange(v.window, (flags & BY_IMAGES) != 0);
  v.window.image = <usize>g.c * v.xChannel;
  v.channels = groupIn(g);
  v.td = g.kd;
  v.th = g.kh;
  v.tw = g.kw;
  v.row0 = -g.ph;
  v.column0 = -g.pw;
  v.stepD = g.dd;
  v.stepH = g.dh;
  v.stepW = g.dw;
  v.strideH = g.sh;
  v.strideW = g.sw;
  v.ww = 4;
  v.wh = <usize>g.kw * v.ww;
  v.wd = <usize>g.kh * v.wh;
  v.wChannel = <usize>g.kd * v.wd;
  v.wRow = <usize>groupIn(g) * v.wChannel;
  v.yw = 4;
  v.yh = (<usize>g.ow) << 2;
  v.yRow = <usize>(g.od * g.oh) * v.yh;
  v.yImage = <usize>g.o * v.yRow;
  v.tileH = tileLines(g, flags);
  v.tileW = tileColumns(g.ow);
  v.planeBlock = planesPerBlock(g, flags);
}

/** The operands of one group and one plane of outputs. */
function select(v: Correlation, g: Geometry, y: usize, x: usize, w: usize, group: i32, image: i32, flags: i32): void {
  const first = image / g.od,
    depth = image - first * g.od,
    n = flags & BY_IMAGES ? first * SIDE_BY_SIDE : first;
  v.window.images = min(SIDE_BY_SIDE, g.n - n);
  v.x = x + <usize>(n * g.c + group * groupIn(g)) * v.xChannel;
  v.depth0 = depth * g.sd - g.pd;
  v.weight = w + <usize>(group * groupOut(g)) * v.wRow;
  v.y = y + <usize>(n * g.o + group * groupOut(g)) * v.yRow + <usize>(depth * g.oh) * v.yh;
}
