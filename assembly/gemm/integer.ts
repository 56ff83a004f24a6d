/** Products of integers: they wrap like PyTorch's and need no blocking for accuracy. Row by row, so that C stays near. */
import { BIAS_COLUMN, Product } from "./product";

/** Rows [i0, i1) and columns [j0, j1) of C, bias and rectifier included. */
export function multiplyIntegers<T>(p: Product, i0: i32, i1: i32, j0: i32, j1: i32): void {
  for (let i = i0; i < i1; i++) {
    const c = p.c + <usize>i * p.ldc + <usize>j0 * sizeof<T>();
    const cols = j1 - j0;
    if (!p.add) memory.fill(c, 0, <usize>cols * sizeof<T>());
    for (let k = 0; k < p.k; k++) {
      const s = load<T>(p.a + <usize>i * p.rsa + <usize>k * p.csa);
      addScaled<T>(c, s, p.b + <usize>k * p.rsb + <usize>j0 * p.csb, p.csb, cols);
    }
    finishRow<T>(p, c, i, j0, cols);
  }
}

/** y += s · x, where the elements of x are `incx` bytes apart. */
function addScaled<T>(y: usize, s: T, x: usize, incx: usize, n: i32): void {
  for (let i = 0; i < n; i++) {
    store<T>(y, <T>(load<T>(y) + s * load<T>(x)));
    y += sizeof<T>();
    x += incx;
  }
}

function finishRow<T>(p: Product, c: usize, i: i32, j: i32, n: i32): void {
  for (let jj = 0; jj < n; jj++) {
    let v = load<T>(c);
    if (p.biasMode != 0) {
      const index = p.biasMode == BIAS_COLUMN ? j + jj : i;
      v = <T>(v + load<T>(p.bias + <usize>index * sizeof<T>()));
    }
    if (p.relu) v = max<T>(v, <T>0);
    store<T>(c, v);
    c += sizeof<T>();
  }
}
