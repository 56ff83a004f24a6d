/**
 * Symmetric matrices made tridiagonal, others bidiagonal, by Householder's reflectors. The changes that a step owes to the
 * rest of the matrix are made when the next step reads it: each step goes through memory once (twice for the bidiagonal form).
 */
import { fma2 } from "../common/simd";
import { addScaled, dot, element, reflector, rowOf, SIZE, scale } from "./vector";

/** row += p x + q y, then z += r row. Returns the product of row and u. The vectors have n elements. */
function update(row: usize, x: usize, p: f64, y: usize, q: f64, z: usize, r: f64, u: usize, n: i32): f64 {
  const ps = f64x2.splat(p),
    qs = f64x2.splat(q),
    rs = f64x2.splat(r);
  let sums = f64x2.splat(0);
  for (; n >= 2; n -= 2, row += 16, x += 16, y += 16, z += 16, u += 16) {
    const v = fma2(v128.load(y), qs, fma2(v128.load(x), ps, v128.load(row)));
    v128.store(row, v);
    v128.store(z, fma2(v, rs, v128.load(z)));
    sums = fma2(v, v128.load(u), sums);
  }
  let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  if (n > 0) {
    const v = load<f64>(row) + load<f64>(x) * p + load<f64>(y) * q;
    store<f64>(row, v);
    store<f64>(z, load<f64>(z) + v * r);
    sum += v * load<f64>(u);
  }
  return sum;
}

function tridiagonalizeOne(a: usize, n: i32, d: usize, e: usize, taus: usize, work: usize): void {
  let w = work,
    y = element(work, n),
    old = w;
  memory.fill(w, 0, <usize>n * SIZE);
  for (let r = 0; r < n; r++) {
    const row = rowOf(a, r, n),
      rest = n - r;
    addScaled(element(row, r), element(w, r), rest, -load<f64>(element(old, r)));
    addScaled(element(row, r), element(old, r), rest, -load<f64>(element(w, r)));
    store<f64>(element(d, r), load<f64>(element(row, r)));
    if (rest == 1) break;
    const first = r + 1,
      v = element(row, first);
    const tau = reflector(v, rest - 1);
    store<f64>(element(taus, r), tau);
    store<f64>(element(e, r), load<f64>(v));
    store<f64>(v, 1);
    memory.fill(element(y, first), 0, <usize>(rest - 1) * SIZE);
    for (let i = first; i < n; i++) {
      const diagonal = element(rowOf(a, i, n), i),
        at = element(y, i),
        u = load<f64>(element(row, i));
      const p = -load<f64>(element(old, i)),
        q = -load<f64>(element(w, i));
      const own = load<f64>(diagonal) + 2 * p * load<f64>(element(w, i));
      store<f64>(diagonal, own);
      const sum = update(
        diagonal + SIZE,
        element(w, i + 1),
        p,
        element(old, i + 1),
        q,
        at + SIZE,
        u,
        element(row, i + 1),
        n - i - 1,
      );
      store<f64>(at, load<f64>(at) + own * u + sum);
    }
    const next = element(y, first);
    scale(next, rest - 1, tau);
    addScaled(next, v, rest - 1, -0.5 * tau * dot(next, v, rest - 1));
    y = w;
    w = next - <usize>first * SIZE;
    old = row;
  }
}

/**
 * Qᵀ a Q = T, tridiagonal with d [n] on the diagonal and e [n] beside it (n - 1 of them), for symmetric a [n, n], of which
 * the upper triangle is read. Row j of a becomes reflector j of Q, with its 1 at j + 1; `taus` [n]. `work`: 2n elements per
 * matrix. The range counts matrices. @see LAPACK dsytrd
 */
export function tridiagonalize(
  a: usize,
  d: usize,
  e: usize,
  taus: usize,
  n: i32,
  work: usize,
  begin: i32,
  end: i32,
): void {
  for (let i = begin; i < end; i++) {
    tridiagonalizeOne(rowOf(a, i * n, n), n, rowOf(d, i, n), rowOf(e, i, n), rowOf(taus, i, n), rowOf(work, i, 2 * n));
  }
}

/** Where the parts of a bidiagonal form of a matrix [m, n] go. */
@final
@unmanaged
class Bidiagonal {
  m: i32;
  n: i32;
  a: usize;
  d: usize;
  e: usize;
  left: usize;
  leftTaus: usize;
  right: usize;
  rightTaus: usize;
  /** What the last step owes: a - v yᵀ - x uᵀ. */
  v: usize;
  y: usize;
  x: usize;
  u: usize;
  /** Space for the next y. */
  next: usize;
}

/** The left reflector of column j, and y = tau aᵀ v in b.next, from column j + 1 on. */
function turnColumn(b: Bidiagonal, j: i32): void {
  const m = b.m,
    n = b.n,
    row = rowOf(b.left, j, m),
    rest = n - j - 1;
  const y = load<f64>(element(b.y, j)),
    u = load<f64>(element(b.u, j));
  for (let i = j; i < m; i++) {
    const value = load<f64>(element(rowOf(b.a, i, n), j));
    store<f64>(element(row, i), value - load<f64>(element(b.v, i)) * y - load<f64>(element(b.x, i)) * u);
  }
  const v = element(row, j),
    tau = reflector(v, m - j);
  store<f64>(element(b.leftTaus, j), tau);
  store<f64>(element(b.d, j), load<f64>(v));
  store<f64>(v, 1);
  const next = element(b.next, j + 1);
  memory.fill(next, 0, <usize>rest * SIZE);
  for (let i = j; i < m; i++) {
    update(
      element(rowOf(b.a, i, n), j + 1),
      element(b.y, j + 1),
      -load<f64>(element(b.v, i)),
      element(b.u, j + 1),
      -load<f64>(element(b.x, i)),
      next,
      load<f64>(element(row, i)),
      next,
      rest,
    );
  }
  scale(next, rest, tau);
}

/** The right reflector of row j, and x = tau (a - v yᵀ) u. */
function turnRow(b: Bidiagonal, j: i32): void {
  const m = b.m,
    n = b.n,
    rest = n - j - 1;
  const v = rowOf(b.left, j, m),
    y = element(b.next, j + 1);
  const u = element(rowOf(b.right, j, n), j + 1);
  memory.copy(u, element(rowOf(b.a, j, n), j + 1), <usize>rest * SIZE);
  addScaled(u, y, rest, -1);
  const tau = rest > 0 ? reflector(u, rest) : 0;
  store<f64>(element(b.rightTaus, j), tau);
  if (rest > 0) {
    store<f64>(element(b.e, j), load<f64>(u));
    store<f64>(u, 1);
  }
  const along = dot(y, u, rest);
  for (let i = j + 1; i < m; i++) {
    const sum = dot(element(rowOf(b.a, i, n), j + 1), u, rest);
    store<f64>(element(b.x, i), tau * (sum - load<f64>(element(v, i)) * along));
  }
  const last = b.y;
  b.y = b.next;
  b.next = last;
  b.v = v;
  b.u = rowOf(b.right, j, n);
}

/**
 * Qᵀ a P = B, upper bidiagonal with d [n] on the diagonal and e [n] above it (n - 1 of them), for a [m, n] with m >= n, which
 * is destroyed. Row j of `left` [n, m] is reflector j of Q, with its 1 at j; row j of `right` [n, n] is that of P, with its 1
 * at j + 1; `leftTaus` and `rightTaus` [n]. `work`: m + 2n elements per matrix. The range counts matrices.
 * @see LAPACK dgebrd
 */
export function bidiagonalize(
  a: usize,
  d: usize,
  e: usize,
  left: usize,
  leftTaus: usize,
  right: usize,
  rightTaus: usize,
  m: i32,
  n: i32,
  work: usize,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  const b = changetype<Bidiagonal>(scratch);
  for (let i = begin; i < end; i++) {
    const space = rowOf(work, i, m + 2 * n);
    memory.fill(space, 0, <usize>(m + 2 * n) * SIZE);
    b.m = m;
    b.n = n;
    b.a = rowOf(a, i * m, n);
    b.d = rowOf(d, i, n);
    b.e = rowOf(e, i, n);
    b.left = rowOf(left, i * n, m);
    b.leftTaus = rowOf(leftTaus, i, n);
    b.right = rowOf(right, i * n, n);
    b.rightTaus = rowOf(rightTaus, i, n);
    b.x = space;
    b.v = space;
    b.y = element(space, m);
    b.u = b.y;
    b.next = element(b.y, n);
    for (let j = 0; j < n; j++) {
      turnColumn(b, j);
      turnRow(b, j);
    }
  }
}
