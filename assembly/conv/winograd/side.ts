/** Planes of a block of tiles, transformed: the source, or the gradient of y. */
import { Window } from "../stage";
import { Field, openStaging, Staging, stage, TILE_BYTES, tabulate } from "./field";
import { gatherTiles } from "./tiles";

/** Where the values of a tile lie: value by value, plane by plane, in panels of eight tiles. Steps in bytes. */
@final
@unmanaged
export class Side {
  staging: Staging;
  /** Tiles; the staged plane; memory of the transform. */
  table: usize;
  staged: usize;
  between: usize;
  values: usize;
  valueStep: usize;
  planeStep: usize;
  panelStep: usize;
}

/** The side at `at` (128 bytes), of windows of `size` elements; the areas are for the caller to fill in. */
export function sideAt(at: usize, f: Field, size: i32): Side {
  const side = changetype<Side>(at),
    s = changetype<Staging>(at + 40);
  side.staging = s;
  s.window = changetype<Window>(at + 64);
  openStaging(s, f, size);
  return side;
}

/**
 * Transforms `count` planes of the tiles [t0, t1). The first plane is, in image 0, at x; `step` leads to the next plane,
 * `image` to the next image.
 */
export function transformPlanes<M>(
  side: Side,
  f: Field,
  x: usize,
  count: i32,
  step: usize,
  image: usize,
  t0: i32,
  t1: i32,
): void {
  const quads = (t1 - t0 + 3) >> 2,
    pitch = (<usize>side.staging.window.pitch) << 2;
  let to = side.values;
  for (let c = 0; c < count; c++) {
    stage(side.staged, side.staging, f, x, image, t0, t1);
    for (let i = 0; i < quads; i++) {
      const at = to + <usize>(i >> 1) * side.panelStep + <usize>((i & 1) << 4);
      gatherTiles<M>(side.staged, pitch, side.table + <usize>(i * 4) * TILE_BYTES, side.between, at, side.valueStep);
    }
    x += step;
    to += side.planeStep;
  }
}

/** Prepares the table for the tiles [t0, t1). */
export function openBlock(side: Side, f: Field, t0: i32, t1: i32): void {
  tabulate(side.table, side.staging, f, t0, t1, (t1 - t0 + 3) & -4);
}
