/**
 * The forward pass and the input gradient of a 3×3 convolution by Winograd's F(m×m, 3×3). A task is a block of tiles and a
 * part of the rows; tasks of one block follow one another, so that a thread transforms its source once.
 */
import { depthBlock, MR } from "../../gemm/blocking";
import { packedKernel } from "../../gemm/micro";
import { Geometry } from "../geometry";
import { ceilDiv } from "../plan";
import { describe, Field, TILE_BYTES } from "./field";
import { Output2, Output4, Source2, Source4 } from "./matrices";
import { tileBlock, tileRows } from "./plan";
import { openBlock, Side, sideAt, transformPlanes } from "./side";
import { BETWEEN_BYTES, scatterTiles } from "./tiles";
import { groupBytes, panelBytes, valueBytes } from "./weights";

/** The areas of the thread's memory, and the block at hand. Steps in bytes. */
@final
@unmanaged
class Work {
  field: Field;
  source: Side;
  products: usize;
  /** First tile and tiles of the block; groups of four tiles; tiles of a full block. */
  t0: i32;
  t1: i32;
  quads: i32;
  block: i32;
  /** Between the rows, and between the values, of the products. */
  productRow: usize;
  productValue: usize;
}

function workAt(scratch: usize, g: Geometry, m: i32, gradient: bool): Work {
  const q = changetype<Work>(scratch),
    f = changetype<Field>(scratch + 128);
  q.field = f;
  describe(f, g, m, gradient);
  q.block = tileBlock(f.tiles, f.depth, m);
  const s = sideAt(scratch + 256, f, m + 2),
    values = <usize>((m + 2) * (m + 2));
  q.source = s;
  s.between = scratch + 512;
  s.table = s.between + 2 * BETWEEN_BYTES;
  s.values = (s.table + <usize>q.block * TILE_BYTES + 64) & -64;
  s.planeStep = 32;
  s.panelStep = <usize>f.depth * 32 + 64;
  s.valueStep = <usize>ceilDiv(q.block, 8) * s.panelStep + 64;
  q.products = s.values + values * s.valueStep;
  q.productRow = (<usize>q.block) << 2;
  q.productValue = <usize>tileRows(f.rows) * q.productRow + 64;
  s.staged = q.products + values * q.productValue;
  return q;
}

/** The block's tiles, transformed: values[value][panel of 8 tiles][channel][8]. */
function transformSource<M>(q: Work, x: usize): void {
  const f = q.field,
    plane = (<usize>(f.h * f.w)) << 2,
    image = <usize>(f.groups * f.depth) * plane;
  transformPlanes<M>(q.source, f, x, f.depth, plane, image, q.t0, q.t1);
}

/** Value by value the product of rows [r0, r1) of the weights with the transformed source. */
function multiplyValues(q: Work, u: usize, r0: i32, r1: i32): void {
  const f = q.field,
    panel = panelBytes(f),
    values = (f.m + 2) * (f.m + 2),
    kc = depthBlock(f.depth);
  let a = u + <usize>(r0 / MR) * panel,
    b = q.source.values,
    c = q.products;
  for (let value = 0; value < values; value++) {
    for (let k = 0; k < f.depth; k += kc) {
      for (let i = 0; i < q.quads; i += 2) {
        packedKernel<f32>(
          r1 - r0,
          min(2, q.quads - i),
          min(kc, f.depth - k),
          a + <usize>(k * MR * 4),
          MR * 4,
          panel,
          b + <usize>(i >> 1) * q.source.panelStep + ((<usize>k) << 5),
          32,
          c + ((<usize>i) << 4),
          q.productRow,
          k > 0,
        );
      }
    }
    a += valueBytes(f);
    b += q.source.valueStep;
    c += q.productValue;
  }
}

/** The outputs of rows [r0, r1), whose channels in image 0 begin at y. */
function transformProducts<M>(q: Work, y: usize, bias: usize, r0: i32, r1: i32): void {
  const f = q.field,
    plane = (<usize>(f.outH * f.outW)) << 2,
    image = <usize>(f.groups * f.rows) * plane;
  const pitch = (<usize>f.outW) << 2;
  for (let r = r0; r < r1; r++) {
    const plus: f32 = bias ? load<f32>(bias + ((<usize>r) << 2)) : 0;
    const from = q.products + <usize>(r - r0) * q.productRow,
      to = y + <usize>r * plane;
    for (let i = 0; i < q.quads; i++) {
      const tile = q.source.table + <usize>(i * 4) * TILE_BYTES;
      scatterTiles<M>(from + ((<usize>i) << 4), q.productValue, tile, q.source.between, plus, to, image, pitch);
    }
  }
}

/**
 * y from x and the transformed weights u of `winogradWeights`, plus the bias (0: none), or, as gradient, gx from gy. Of
 * stride and dilation 1, f32.
 */
export function winograd(
  y: usize,
  x: usize,
  u: usize,
  bias: usize,
  geom: usize,
  m: i32,
  gradient: i32,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  const q = workAt(scratch, changetype<Geometry>(geom), m, gradient != 0),
    f = q.field;
  const size = tileRows(f.rows),
    parts = ceilDiv(f.rows, size),
    blocks = ceilDiv(f.tiles, q.block);
  let ready = -1;
  for (let task = begin; task < end; task++) {
    const block = task / parts,
      group = block / blocks,
      r0 = (task - block * parts) * size;
    const r1 = min(r0 + size, f.rows);
    if (block != ready) {
      ready = block;
      select(q, block - group * blocks);
      const from = x + ((<usize>(group * f.depth * f.h * f.w)) << 2);
      if (m == 2) transformSource<Source2>(q, from);
      else transformSource<Source4>(q, from);
    }
    multiplyValues(q, u + <usize>group * groupBytes(f), r0, r1);
    const to = y + ((<usize>(group * f.rows * f.outH * f.outW)) << 2);
    const plus = bias ? bias + ((<usize>(group * f.rows)) << 2) : 0;
    if (m == 2) transformProducts<Output2>(q, to, plus, r0, r1);
    else transformProducts<Output4>(q, to, plus, r0, r1);
  }
}

function select(q: Work, block: i32): void {
  q.t0 = block * q.block;
  q.t1 = min(q.t0 + q.block, q.field.tiles);
  q.quads = ceilDiv(q.t1 - q.t0, 4);
  openBlock(q.source, q.field, q.t0, q.t1);
}
