/** Running sums, products and extrema along an axis. */

import { record, recordAll } from "../../autograd/node";
import type { Scan } from "../../backend/ops";
import { checkDType, type DType, isFloat } from "../../core/dtype";
import { checkOptions } from "../../core/errors";
import { sizeOfShape, wrapDim } from "../../core/shape";
import { named } from "../../core/signature";
import { allocate } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { cast, computeType } from "../builders/define";
import { inplace } from "../builders/inplace";
import { checkFloating } from "../builders/precision";
import { type ValuesAndIndices, valuesAndIndices } from "./extrema";

/** `x` seen as [outer, n, inner]. */
function rowsAlong(x: Tensor, dim: number) {
  if (x.ndim === 0) return { n: 1, inner: 1 };
  return { n: x.shape[dim]!, inner: sizeOfShape(x.shape.slice(dim + 1)) };
}

type ScanKind = Scan["kind"];

/** y = the scan along `dim`; from the end if `reverse`. Devices give int64 for integers. */
function scan(kind: ScanKind, x: Tensor, dim: number, result: DType, reverse: boolean): Tensor {
  const source = cast(x, computeType(x.dtype)).detach().contiguous();
  const y = allocate(x.shape, isFloat(source.dtype) ? source.dtype : "int64", x);
  const { n, inner } = rowsAlong(x, dim);
  x.storage.backend.run("scan", { kind, y, x: source, n, inner, reverse });
  return cast(y, result);
}

/** Options of cumulative sums and products. */
export interface ScanOptions {
  /** Cast to this dtype first. */
  dtype?: DType;
}

function prepare(op: string, x: Tensor, dim: number, options: ScanOptions): { x: Tensor; d: number; result: DType } {
  checkTensor(op, x);
  checkOptions(op, options, ["dtype"]);
  const input = options.dtype === undefined ? x : x.to(checkDType(op, options.dtype));
  return { x: input, d: wrapDim(op, dim, x.ndim), result: options.dtype ?? (isFloat(x.dtype) ? x.dtype : "int64") };
}

/** The sum from the end: the gradient of {@link cumsum}, and its own gradient is {@link cumsum}. */
function reverseCumsum(x: Tensor, d: number): Tensor {
  return record("CumsumBackward0", scan("cumsum", x, d, x.dtype, true), [x], [], [(g) => cumsum(g, d)]);
}

/** The sum of the elements so far along `dim`. Integers are summed as int64. @see torch.cumsum */
export const cumsum = named(
  "cumsum",
  "input, dim; dtype",
  (x: Tensor, dim: number, options: ScanOptions = {}): Tensor => {
    const { x: input, d, result } = prepare("cumsum", x, dim, options);
    return record(
      "CumsumBackward0",
      scan("cumsum", input, d, result, false),
      [input],
      [],
      [(g) => reverseCumsum(g, d)],
    );
  },
);

/** {@link cumsum} in place. */
export const cumsum_: typeof cumsum = inplace("cumsum_", cumsum);

/** The product of the elements so far along `dim`. Integers are multiplied as int64. @see torch.cumprod */
export const cumprod = named(
  "cumprod",
  "input, dim; dtype",
  (x: Tensor, dim: number, options: ScanOptions = {}): Tensor => {
    const { x: input, d, result } = prepare("cumprod", x, dim, options);
    return record(
      "CumprodBackward0",
      scan("cumprod", input, d, result, false),
      [input],
      [input],
      [(g, [v]) => cumprodGrad(g, v!, d)],
    );
  },
);

/** {@link cumprod} in place. */
export const cumprod_: typeof cumprod = inplace("cumprod_", cumprod);

/**
 * Element k of the gradient is Σ_{i≥k} g_i · Π_{j≤i, j≠k} x_j. Where no element is 0 that is a quotient; else every k is
 * computed with its own factor replaced by 1 and what lies before k left out.
 */
function cumprodGrad(g: Tensor, x: Tensor, d: number): Tensor {
  if (x.ndim === 0) return g;
  if (x.numel() === 0) return g.mul(x);
  const n = x.shape[d]!;
  const rows = x.movedim(d, -1);
  const grads = g.movedim(d, -1);
  const diagonal = rows.newOnes([n, n]).tril(-1).to("bool").t();
  const own = rows.unsqueeze(-2).expand([...rows.shape.slice(0, -1), n, n]);
  // Row k: x with element k replaced by 1, so that its running products are the derivatives by x_k from k on.
  const eye = diagonal.logicalOr(diagonal.t()).logicalNot();
  const without = own.maskedFill(eye, 1);
  const products = without.cumprod(-1).mul(diagonal.logicalOr(eye));
  return products.mul(grads.unsqueeze(-2)).sum(-1).movedim(-1, d);
}

/** The logarithm of the sum of exponentials so far along `dim`. @see torch.logcumsumexp */
export const logcumsumexp = named("logcumsumexp", "input, dim", (x: Tensor, dim: number): Tensor => {
  checkFloating("logcumsumexp", checkTensor("logcumsumexp", x));
  const { x: input, d, result } = prepare("logcumsumexp", x, dim, {});
  return record(
    "LogcumsumexpBackward0",
    scan("logcumsumexp", input, d, result, false),
    [input],
    [input],
    [
      (g, [v]) => {
        const y = logcumsumexp(v!, d);
        // Σ_{i≥k} g_i e^(x_k − y_i), with the sign of g kept outside the logarithm.
        const along = (part: Tensor) => reverseLogSum(finiteLog(part).sub(y), d).add(v!).exp();
        return along(g).sub(along(g.neg()));
      },
    ],
  );
});

/** log x where x > 0, else a number so small that its exponential is 0; its derivative is finite everywhere. */
function finiteLog(x: Tensor): Tensor {
  const out = x.le(0);
  return x.maskedFill(out, 1).log().maskedFill(out, -1e30);
}

const reverseLogSum = (x: Tensor, d: number): Tensor => logcumsumexp(x.flip([d]), d).flip([d]);

function runningExtremum(op: "cummax" | "cummin", x: Tensor, dim: number): ValuesAndIndices {
  checkTensor(op, x);
  const d = wrapDim(op, dim, x.ndim);
  const source = cast(x, computeType(x.dtype)).detach().contiguous();
  const values = allocate(x.shape, source.dtype, x);
  const indices = allocate(x.shape, "int64", x);
  const { n, inner } = rowsAlong(x, d);
  x.storage.backend.run("runningExtremum", { kind: op, values, indices, x: source, n, inner });
  const out = cast(values, x.dtype);
  const { shape } = x;
  recordAll(op === "cummax" ? "CummaxBackward0" : "CumminBackward0", [out, indices], [x], [indices], ([g], [at]) => [
    g && (shape.length === 0 ? g : g.newZeros(shape).scatterAdd(d, at!, g)),
  ]);
  return valuesAndIndices(out, indices);
}

/** The largest element so far along `dim`, and its position. @see torch.cummax */
export const cummax = named(
  "cummax",
  "input, dim",
  (x: Tensor, dim: number): ValuesAndIndices => runningExtremum("cummax", x, dim),
);

/** The smallest element so far along `dim`, and its position. @see torch.cummin */
export const cummin = named(
  "cummin",
  "input, dim",
  (x: Tensor, dim: number): ValuesAndIndices => runningExtremum("cummin", x, dim),
);
