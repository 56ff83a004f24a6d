/**
 * Householder's reflectors, applied in blocks: a product of them is I - V T Vᵀ (compact WY; Schreiber and Van Loan, 1989).
 *
 * Matrices are held by columns: each row of what is called `a`, `v` or `c` here is a column of the matrix, so that
 * reflectors are contiguous. Reflector j has a 1 at position j, zeros before it, and what follows from `v` after it.
 */
import { addScaled, dot, element, product, reflector, rowOf, SIZE } from "./vector";

/** Reflectors in a block. */
const BLOCK: i32 = 32;

/** Elements of workspace per matrix for k reflectors of m elements on `columns` columns. */
export function reflectWork(m: i32, columns: i32, k: i32): i32 {
  const block = min(BLOCK, k);
  return block * (m + 2 * columns + 2 * block);
}

/** Copies reflectors into rows of m elements, with the ones and zeros that are not stored. */
function unpack(to: usize, v: usize, ld: i32, m: i32, k: i32): void {
  for (let j = 0; j < k; j++) {
    const row = rowOf(to, j, m);
    memory.fill(row, 0, <usize>j * SIZE);
    store<f64>(element(row, j), 1);
    memory.copy(element(row, j + 1), element(rowOf(v, j, ld), j + 1), <usize>(m - j - 1) * SIZE);
  }
}

/** Writes -T [k, k], upper triangular; `gram` holds V Vᵀ. */
function formT(t: usize, gram: usize, taus: usize, k: i32): void {
  memory.fill(t, 0, <usize>(k * k) * SIZE);
  for (let j = 0; j < k; j++) {
    const tau = load<f64>(element(taus, j));
    for (let i = 0; i < j; i++) {
      const sum = dot(element(rowOf(t, i, k), i), element(rowOf(gram, j, k), i), j - i);
      store<f64>(element(rowOf(t, i, k), j), -tau * sum);
    }
    store<f64>(element(rowOf(t, j, k), j), -tau);
  }
}

/** Applies the product of k <= BLOCK reflectors, or its transpose, to `columns` columns c of m elements. */
function applyBlock(
  c: usize,
  ldc: i32,
  columns: i32,
  v: usize,
  ldv: i32,
  taus: usize,
  m: i32,
  k: i32,
  transposed: bool,
  work: usize,
  scratch: usize,
): void {
  const vectors = work,
    t = element(vectors, k * m),
    gram = element(t, k * k);
  const w = element(gram, k * k),
    wt = element(w, columns * k);
  unpack(vectors, v, ldv, m, k);
  product(gram, k, vectors, m, 1, vectors, 1, m, k, k, m, false, scratch);
  formT(t, gram, taus, k);
  product(w, k, c, ldc, 1, vectors, 1, m, columns, k, m, false, scratch);
  product(wt, k, w, k, 1, t, transposed ? k : 1, transposed ? 1 : k, columns, k, k, false, scratch);
  product(c, ldc, wt, k, 1, vectors, m, 1, columns, m, k, true, scratch);
}

/** One block of columns, each turned and applied to those after it in the block. */
function factorPanel(a: usize, ld: i32, m: i32, k: i32, taus: usize): void {
  for (let j = 0; j < k; j++) {
    const v = element(rowOf(a, j, ld), j);
    const n = m - j;
    const tau = reflector(v, n);
    store<f64>(element(taus, j), tau);
    for (let i = j + 1; tau != 0 && i < k; i++) {
      const x = element(rowOf(a, i, ld), j);
      const factor = -tau * (load<f64>(x) + dot(x + SIZE, v + SIZE, n - 1));
      store<f64>(x, load<f64>(x) + factor);
      addScaled(x + SIZE, v + SIZE, n - 1, factor);
    }
  }
}

/**
 * Q R of n columns of m elements over them: R up to the diagonal, reflectors after it; `taus` [min(m, n)]. `work`:
 * reflectWork(m, n, min(m, n)) elements per matrix. The range counts matrices. @see LAPACK dgeqrf
 */
export function qrFactor(
  a: usize,
  taus: usize,
  m: i32,
  n: i32,
  work: usize,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  const k = min(m, n),
    size = reflectWork(m, n, k);
  for (let i = begin; i < end; i++) {
    const matrix = rowOf(a, i * n, m),
      factors = element(taus, i * k),
      space = rowOf(work, i, size);
    for (let j = 0; j < k; j += BLOCK) {
      const block = min(BLOCK, k - j),
        next = j + block;
      const panel = element(rowOf(matrix, j, m), j),
        tau = element(factors, j);
      factorPanel(panel, m, m - j, block, tau);
      if (next == n) break;
      const rest = element(rowOf(matrix, next, m), j);
      applyBlock(rest, m, n - next, panel, m, tau, m - j, block, true, space, scratch);
    }
  }
}

/**
 * Q c, or with `transposed` Qᵀ c, over c: `columns` columns of `ldc` elements, of which the first `shift` and those from
 * shift + m on stay; Q = H[0] H[1] ... of k reflectors of m elements, the first of `rows` rows of ldv, and of `factors`
 * numbers taus. With `basis` c holds columns of the identity, which saves work. `work`: reflectWork(m, columns, k) elements per matrix. The range counts matrices.
 * @see LAPACK dormqr, dorgqr
 */
export function reflect(
  c: usize,
  v: usize,
  taus: usize,
  m: i32,
  columns: i32,
  ldc: i32,
  k: i32,
  ldv: i32,
  shift: i32,
  transposed: i32,
  basis: i32,
  rows: i32,
  factors: i32,
  work: usize,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  const size = reflectWork(m, columns, k);
  for (let i = begin; i < end; i++) {
    const target = element(rowOf(c, i * columns, ldc), shift),
      space = rowOf(work, i, size);
    const vectors = element(rowOf(v, i * rows, ldv), shift),
      tau = element(taus, i * factors);
    const blocks = (k + BLOCK - 1) / BLOCK;
    for (let step = 0; step < blocks; step++) {
      const j = (transposed != 0 ? step : blocks - 1 - step) * BLOCK;
      // Columns before this block are still those of the identity, of which it changes nothing.
      const first = basis != 0 ? min(j + shift, columns) : 0;
      applyBlock(
        element(rowOf(target, first, ldc), j),
        ldc,
        columns - first,
        element(rowOf(vectors, j, ldv), j),
        ldv,
        element(tau, j),
        m - j,
        min(BLOCK, k - j),
        transposed != 0,
        space,
        scratch,
      );
    }
  }
}
