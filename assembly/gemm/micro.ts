/**
 * Micro-kernels: a tile of C of 1 to 6 rows by one or two vectors, held in registers over one k block.
 *
 * Stepped: A is read by splatting loads at a + row * rs + p * cs, so the same code reads it in place or transposed, and
 * B by vector loads at b + p * bs.
 * Packed: as Stepped, but the rows of A are neighbors and `rs` is not used. One pointer instead of six makes a fifth
 * fewer instructions, which machines that decode four at a time feel.
 * All strides are in bytes. `add` says whether the tile is added to C or replaces it.
 */
import { fma2, fma4 } from "../common/simd";
import { MR } from "./blocking";

// @ts-ignore: decorator
@inline
export function fma<T>(a: v128, b: v128, c: v128): v128 {
  return sizeof<T>() == 4 ? fma4(a, b, c) : fma2(a, b, c);
}

/** The element at `p` in every lane. */
// @ts-ignore: decorator
@inline
export function splatAt<T>(p: usize): v128 {
  return sizeof<T>() == 4 ? v128.load32_splat(p) : v128.load64_splat(p);
}

/** Compile-time numbers as types: each shape becomes a function of its own, with only the accumulators it needs. */
@final
@unmanaged
export class N1 {
  @inline get value(): i32 {
    return 1;
  }
}
@final
@unmanaged
export class N2 {
  @inline get value(): i32 {
    return 2;
  }
}
@final
@unmanaged
export class N3 {
  @inline get value(): i32 {
    return 3;
  }
}
@final
@unmanaged
export class N4 {
  @inline get value(): i32 {
    return 4;
  }
}
@final
@unmanaged
export class N5 {
  @inline get value(): i32 {
    return 5;
  }
}
@final
@unmanaged
export class N6 {
  @inline get value(): i32 {
    return 6;
  }
}

/** How A is addressed; see the top of the file. */
@final
@unmanaged
class Stepped {
  @inline get packed(): bool {
    return false;
  }
}
@final
@unmanaged
class Packed {
  @inline get packed(): bool {
    return true;
  }
}

// @ts-ignore: decorator
@inline
function put<T>(c: usize, lo: v128, hi: v128, wide: bool, add: bool): void {
  if (add) {
    lo = v128.add<T>(v128.load(c), lo);
    if (wide) hi = v128.add<T>(v128.load(c, 16), hi);
  }
  v128.store(c, lo);
  if (wide) v128.store(c, hi, 16);
}

/**
 * The one micro-kernel: `groups` tiles, one below the other; `group` is the step between their parts of A. The k loop is
 * not unrolled: unrolling spills registers and costs up to half.
 */
// biome-ignore format: what is done for one row of registers stands in one line.
function tiles<T, ROWS, VECTORS, ADDRESS>(
  groups: i32, k: i32, a: usize, rs: usize, cs: usize, group: usize, b: usize, bs: usize, c: usize, ldc: usize, add: bool,
): void {
  const rows = changetype<ROWS>(0).value;
  const wide = changetype<VECTORS>(0).value == 2;
  const packed = changetype<ADDRESS>(0).packed;
  const zero = i64x2.splat(0);
  for (; groups > 0; groups--) {
    let lo0 = zero, lo1 = zero, lo2 = zero, lo3 = zero, lo4 = zero, lo5 = zero;
    let hi0 = zero, hi1 = zero, hi2 = zero, hi3 = zero, hi4 = zero, hi5 = zero;
    let a0 = a, a1 = a + rs, a2 = a1 + rs, a3 = a2 + rs, a4 = a3 + rs, a5 = a4 + rs;
    let p = b;
    // Packed terms lie apart, so that the pointer counts them; in place, its step may be 0.
    const end = a + <usize>k * cs;
    for (let terms = k; packed ? a0 != end : terms > 0; ) {
      const x = v128.load(p);
      const y = wide ? v128.load(p, 16) : zero;
      let s = splatAt<T>(a0); lo0 = fma<T>(s, x, lo0); if (wide) hi0 = fma<T>(s, y, hi0);
      if (rows > 1) { s = splatAt<T>(packed ? a0 + 1 * sizeof<T>() : a1); lo1 = fma<T>(s, x, lo1); if (wide) hi1 = fma<T>(s, y, hi1); a1 += cs; }
      if (rows > 2) { s = splatAt<T>(packed ? a0 + 2 * sizeof<T>() : a2); lo2 = fma<T>(s, x, lo2); if (wide) hi2 = fma<T>(s, y, hi2); a2 += cs; }
      if (rows > 3) { s = splatAt<T>(packed ? a0 + 3 * sizeof<T>() : a3); lo3 = fma<T>(s, x, lo3); if (wide) hi3 = fma<T>(s, y, hi3); a3 += cs; }
      if (rows > 4) { s = splatAt<T>(packed ? a0 + 4 * sizeof<T>() : a4); lo4 = fma<T>(s, x, lo4); if (wide) hi4 = fma<T>(s, y, hi4); a4 += cs; }
      if (rows > 5) { s = splatAt<T>(packed ? a0 + 5 * sizeof<T>() : a5); lo5 = fma<T>(s, x, lo5); if (wide) hi5 = fma<T>(s, y, hi5); a5 += cs; }
      a0 += cs;
      if (!packed) terms--;
      p += bs;
    }
    put<T>(c, lo0, hi0, wide, add); c += ldc;
    if (rows > 1) { put<T>(c, lo1, hi1, wide, add); c += ldc; }
    if (rows > 2) { put<T>(c, lo2, hi2, wide, add); c += ldc; }
    if (rows > 3) { put<T>(c, lo3, hi3, wide, add); c += ldc; }
    if (rows > 4) { put<T>(c, lo4, hi4, wide, add); c += ldc; }
    if (rows > 5) { put<T>(c, lo5, hi5, wide, add); c += ldc; }
    a += group;
  }
}

/** Tiles of `rows` rows, 1 to 6. */
// @ts-ignore: decorator
@inline
function tilesOfRows<T, VECTORS>(
  rows: i32,
  groups: i32,
  k: i32,
  a: usize,
  rs: usize,
  cs: usize,
  group: usize,
  b: usize,
  bs: usize,
  c: usize,
  ldc: usize,
  add: bool,
): void {
  // Only those that the level has become part of the binary.
  if (MR == 6 && rows == 6) tiles<T, N6, VECTORS, Stepped>(groups, k, a, rs, cs, group, b, bs, c, ldc, add);
  else if (MR == 6 && rows == 5) tiles<T, N5, VECTORS, Stepped>(groups, k, a, rs, cs, group, b, bs, c, ldc, add);
  else
    switch (rows) {
      case 4:
        tiles<T, N4, VECTORS, Stepped>(groups, k, a, rs, cs, group, b, bs, c, ldc, add);
        break;
      case 3:
        tiles<T, N3, VECTORS, Stepped>(groups, k, a, rs, cs, group, b, bs, c, ldc, add);
        break;
      case 2:
        tiles<T, N2, VECTORS, Stepped>(groups, k, a, rs, cs, group, b, bs, c, ldc, add);
        break;
      default:
        tiles<T, N1, VECTORS, Stepped>(groups, k, a, rs, cs, group, b, bs, c, ldc, add);
    }
}

function tilesOfWidth<T>(
  vectors: i32,
  rows: i32,
  groups: i32,
  k: i32,
  a: usize,
  rs: usize,
  cs: usize,
  group: usize,
  b: usize,
  bs: usize,
  c: usize,
  ldc: usize,
  add: bool,
): void {
  if (sizeof<T>() == 8 || vectors == 2) tilesOfRows<T, N2>(rows, groups, k, a, rs, cs, group, b, bs, c, ldc, add);
  else tilesOfRows<T, N1>(rows, groups, k, a, rs, cs, group, b, bs, c, ldc, add);
}

/** `rows` rows of C and `vectors` vectors (1 or 2; of f64 2): tiles of MR rows and one of those left; see the top of the file. */
export function microKernel<T>(
  rows: i32,
  vectors: i32,
  k: i32,
  a: usize,
  rs: usize,
  cs: usize,
  group: usize,
  b: usize,
  bs: usize,
  c: usize,
  ldc: usize,
  add: bool,
): void {
  let groups = rows / MR;
  const left = rows - groups * MR;
  // Sums of one or two rows wait for each other: where A is in place, the last two tiles share their rows.
  if (MR == 6 && (left == 1 || left == 2) && groups > 0 && group == <usize>MR * rs) groups--;
  if (groups > 0) tilesOfWidth<T>(vectors, MR, groups, k, a, rs, cs, group, b, bs, c, ldc, add);
  rows -= groups * MR;
  a += <usize>groups * group;
  c += <usize>(groups * MR) * ldc;
  while (rows > 0) {
    const part = rows > MR ? (rows + 1) >> 1 : rows;
    tilesOfWidth<T>(vectors, part, 1, k, a, rs, cs, 0, b, bs, c, ldc, add);
    rows -= part;
    a += <usize>part * rs;
    c += <usize>part * ldc;
  }
}

/** Like `microKernel`, of a block of A whose rows are neighbors and whose terms are `term` bytes apart, not 0. */
export function packedKernel<T>(
  rows: i32,
  vectors: i32,
  k: i32,
  a: usize,
  term: usize,
  group: usize,
  b: usize,
  bs: usize,
  c: usize,
  ldc: usize,
  add: bool,
): void {
  if (vectors == 2) {
    const groups = rows / MR;
    if (MR == 6) tiles<T, N6, N2, Packed>(groups, k, a, 0, term, group, b, bs, c, ldc, add);
    else tiles<T, N4, N2, Packed>(groups, k, a, 0, term, group, b, bs, c, ldc, add);
    rows -= groups * MR;
    a += <usize>groups * group;
    c += <usize>(groups * MR) * ldc;
  }
  if (rows > 0) microKernel<T>(rows, vectors, k, a, sizeof<T>(), term, group, b, bs, c, ldc, add);
}
