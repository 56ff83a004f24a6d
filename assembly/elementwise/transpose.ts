/** Copies of rows whose source runs down columns: in tiles, so that every cache line is read once. */
import { span } from "../common/element";
import { rowLength, rowStride } from "../common/map";

/** Size and stride of input k along the axis before the last. */
// @ts-ignore: decorator
@inline
function rowCount(geom: usize): i32 {
  return load<i32>(geom + ((<usize>(load<i32>(geom) - 1)) << 2));
}

// @ts-ignore: decorator
@inline
function outerStride(geom: usize, k: i32): i32 {
  return load<i32>(geom + ((<usize>(load<i32>(geom) * (k + 2) - 1)) << 2));
}

/** Whether y is contiguous along the last axis and x along the one before. */
export function isTransposed(geom: usize): bool {
  if (load<i32>(geom) < 2) return false;
  return rowStride(geom, 0) == 1 && outerStride(geom, 1) == 1 && rowStride(geom, 1) > 1;
}

/** Rows of a tile: 16 elements of 4 bytes are a cache line. */
const TILE: i32 = 16;

/** One tile of rows × columns elements; syRow is the distance of rows of y, sx that of columns of x. */
function tile<T>(y: usize, x: usize, syRow: i32, sx: i32, rows: i32, columns: i32): void {
  for (let c = 0; c < columns; c++) {
    let from = x + span<T>(c * sx),
      to = y + span<T>(c);
    for (let r = 0; r < rows; r++) {
      store<T>(to, load<T>(from));
      from += sizeof<T>();
      to += span<T>(syRow);
    }
  }
}

/** 4 × 4 elements of 4 bytes. */
// @ts-ignore: decorator
@inline
function square(y: usize, x: usize, stepY: usize, stepX: usize): void {
  const c0 = v128.load(x),
    c1 = v128.load(x + stepX);
  const c2 = v128.load(x + 2 * stepX),
    c3 = v128.load(x + 3 * stepX);
  const low01 = v128.shuffle<i32>(c0, c1, 0, 4, 1, 5),
    high01 = v128.shuffle<i32>(c0, c1, 2, 6, 3, 7);
  const low23 = v128.shuffle<i32>(c2, c3, 0, 4, 1, 5),
    high23 = v128.shuffle<i32>(c2, c3, 2, 6, 3, 7);
  v128.store(y, v128.shuffle<i64>(low01, low23, 0, 2));
  v128.store(y + stepY, v128.shuffle<i64>(low01, low23, 1, 3));
  v128.store(y + 2 * stepY, v128.shuffle<i64>(high01, high23, 0, 2));
  v128.store(y + 3 * stepY, v128.shuffle<i64>(high01, high23, 1, 3));
}

/** Like `tile` for 4-byte elements: 4 × 4 squares, and what they leave over. */
function tileBySquares(y: usize, x: usize, syRow: i32, sx: i32, rows: i32, columns: i32): void {
  const wholeRows = rows & ~3,
    wholeColumns = columns & ~3;
  const stepY = span<u32>(syRow),
    stepX = span<u32>(sx);
  for (let c = 0; c < wholeColumns; c += 4) {
    for (let r = 0; r < wholeRows; r += 4) {
      square(y + <usize>r * stepY + span<u32>(c), x + <usize>c * stepX + span<u32>(r), stepY, stepX);
    }
  }
  const right = span<u32>(wholeColumns),
    below = <usize>wholeRows * stepY;
  tile<u32>(y + right, x + <usize>wholeColumns * stepX, syRow, sx, wholeRows, columns - wholeColumns);
  tile<u32>(y + below, x + span<u32>(wholeRows), syRow, sx, rows - wholeRows, columns);
}

/**
 * Copies up to `limit` whole rows from row `row` on, elements of `size` bytes, as far as they lie in one plane; y and x are
 * the addresses of the first. Returns how many rows that were: 0 where a row at a time is as good.
 */
export function transposeRows(geom: usize, row: i32, limit: i32, size: usize, y: usize, x: usize): i32 {
  const count = rowCount(geom);
  const rows = min(limit, count - (row % count));
  if (rows < 4) return 0;
  const columns = rowLength(geom),
    syRow = outerStride(geom, 0),
    sx = rowStride(geom, 1);
  for (let r = 0; r < rows; r += TILE) {
    const n = min(TILE, rows - r);
    const to = y + <usize>(r * syRow) * size,
      from = x + <usize>r * size;
    if (size == 4) tileBySquares(to, from, syRow, sx, n, columns);
    else if (size == 8) tile<u64>(to, from, syRow, sx, n, columns);
    else if (size == 2) tile<u16>(to, from, syRow, sx, n, columns);
    else tile<u8>(to, from, syRow, sx, n, columns);
  }
  return rows;
}
