/**
 * The gradient of w: products of the gradient of y with the source as every tap sees it. Outputs are taken in chunks, in
 * an order that the geometry alone fixes, and chunk after chunk is added to the result.
 */
import { DOT_OTHERS, DOT_PITCH, dotIndexed } from "../gemm/dot";
import { moveTile } from "../gemm/epilogue";
import { Part, partAt, stageGradient, stageSource, tabulate, tapAt, weightAt } from "./chunk";
import { Geometry, groupIn, groupOut, taps } from "./geometry";
import {
  ceilDiv,
  chunkColumns,
  chunkImages,
  chunkLines,
  chunkPlanes,
  gradChunks,
  gradPlanes,
  gradRows,
  gradShares,
  shareTasks,
} from "./plan";
import { zeros } from "./stage";

/**
 * Tasks [begin, end) of `weightTasks(g)`; those of the same rows are joined as far as the staging area allows. `gw` has room for the gradients of
 * all shares of the batch.
 */
export function weightGrad(gw: usize, gy: usize, x: usize, g: Geometry, scratch: usize, begin: i32, end: i32): void {
  const q = partAt(scratch, g);
  const planes = groupIn(g) * g.kd,
    size = gradPlanes(g),
    parts = ceilDiv(planes, size);
  const rows = groupOut(g),
    height = gradRows(g),
    blocks = ceilDiv(rows, height);
  const most = max(chunkPlanes(g) / size, 1);
  const shares = gradShares(g),
    tasks = shareTasks(g),
    chunk = chunkImages(g),
    count = gradChunks(g);
  const bytes = (<usize>(g.o * groupIn(g) * taps(g))) << 2;
  while (begin < end) {
    const share = begin / tasks,
      task = begin - share * tasks,
      block = task / parts,
      first = task - block * parts;
    const last = min(min(first + most, parts), first + end - begin);
    q.group = block / blocks;
    q.r0 = (block - q.group * blocks) * height;
    q.r1 = min(q.r0 + height, rows);
    q.p0 = first * size;
    q.p1 = min(last * size, planes);
    const to = gw + <usize>share * bytes,
      from = ((share * count) / shares) * chunk,
      until = (((share + 1) * count) / shares) * chunk;
    clear(q, to, g);
    chunks(q, to, gy, x, g, from, min(until, q.all));
    begin += last - first;
  }
}

/** All chunks of the outputs of planes [from, until), images outermost. */
function chunks(q: Part, gw: usize, gy: usize, x: usize, g: Geometry, from: i32, until: i32): void {
  const nb = chunkImages(g),
    ni = chunkLines(g),
    nj = chunkColumns(g);
  for (let b = from; b < until; b += nb) {
    for (let i = 0; i < g.oh; i += ni) {
      for (let j = 0; j < g.ow; j += nj) {
        q.b0 = b;
        q.b1 = min(b + nb, until);
        q.i0 = i;
        q.i1 = min(i + ni, g.oh);
        q.j0 = j;
        q.j1 = min(j + nj, g.ow);
        q.row = (q.b1 - b) * (q.i1 - i) * q.pitch;
        stageSource(q, x, g);
        stageGradient(q, gy, g);
        tabulate(q, g);
        addProducts(q, gw, g);
      }
    }
  }
}

function clear(q: Part, gw: usize, g: Geometry): void {
  for (let r = q.r0; r < q.r1; r++) {
    zeros(weightAt(q, gw, g, r, q.p0), (<usize>((q.p1 - q.p0) * g.kh * g.kw)) << 2);
  }
}

/** Adds the inner products over the chunk to the weights of the part. */
function addProducts(q: Part, gw: usize, g: Geometry): void {
  const count = (q.p1 - q.p0) * g.kh * g.kw,
    rows = q.r1 - q.r0;
  const vectors = q.row / q.window.lanes;
  const to = weightAt(q, gw, g, q.r0, q.p0);
  for (let t = 0; t < count; t += DOT_OTHERS) {
    // Beyond the last tap the last one is repeated, and its sums are not used.
    for (let i = 0; i < DOT_OTHERS; i++) store<usize>(q.taps + 4 * i, tapAt(q, g, min(t + i, count - 1)));
    dotIndexed<f32>(rows, q.sums, vectors, q.table, q.gradient, q.gradientRow, q.taps);
    const width = min(DOT_OTHERS, count - t),
      pitch: usize = DOT_PITCH * 4;
    moveTile<f32>(to + ((<usize>t) << 2), q.weights, q.sums, pitch, rows, width, true);
  }
}
