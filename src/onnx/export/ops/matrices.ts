/** Determinants, diagonals, and products of matrices with what is added to them. */
import { isFloat } from "../../../core/dtype";
import type { Args, FormCall, Forms, Lower } from "../form";
import type { Graph } from "../graph";
import { type Size, Sym, type Value } from "../types";
import { wrap } from "./shaping";

const range = (g: Graph, n: Size): Value =>
  g.add(
    "Range",
    [0, n, 1].map((x) => g.scalar(x, "int64")),
    {},
    "int64",
  );

const det = (g: Graph, a: Args): Value => g.add("Det", [a.input ?? a.A]);

/** Sign, and logarithm of the size, of determinants. */
const signedLog = (g: Graph, a: Args): [sign: Value, log: Value] => {
  const d = det(g, a);
  return [g.add("Sign", [d]), g.add("Log", [g.add("Abs", [d])])];
};

/** The logarithm of determinants, which is NaN below 0. */
const logdet: Lower = (g, a) => g.add("Log", [det(g, a)]);

/** beta · input + alpha · product. */
function plus(g: Graph, a: Args, product: Value, dtype: Value["dtype"]): Value {
  const times = (x: Value, n: unknown): Value =>
    n == null || n === 1 ? x : g.add("Mul", [x, g.scalar(n as number, dtype)]);
  const scaled = times(product, a.alpha);
  return a.beta === 0 ? scaled : g.add("Add", [times(g.cast(a.input, dtype), a.beta), scaled]);
}

/** Whether an element lies on a diagonal of the last two axes. */
function onDiagonal(g: Graph, rows: Size, columns: Size, offset: number): Value {
  const at = g.add("Add", [g.unsqueeze(range(g, rows), [1]), g.scalar(offset, "int64")]);
  return g.add("Equal", [at, g.unsqueeze(range(g, columns), [0])], {}, "bool");
}

/** A vector along the last axis laid on a diagonal of a square. */
function embedded(g: Graph, a: Args, call: FormCall): Value {
  const ndim = call.out[0]!.shape.length;
  const [offset, d1, d2] = [a.offset ?? 0, wrap(a.dim1 ?? -2, ndim), wrap(a.dim2 ?? -1, ndim)];
  return placed(g, a.input, call.out[0]!.shape, offset, d1, d2);
}

function placed(g: Graph, x: Value, shape: readonly Size[], offset: number, d1: number, d2: number): Value {
  const before = Math.max(0, offset);
  const pads = [Math.max(0, -offset), before] as const;
  const rest = x.shape.length - 1;
  // Row by row the vector is shifted to where its elements belong: padded, seen as a row that broadcasts, and cut by the diagonal.
  const zeros = (n: number): number[] => new Array(n).fill(0);
  const full = g.add("Pad", [
    x,
    g.constant([...zeros(rest), pads[1], ...zeros(rest), pads[0]], "int64"),
    g.scalar(0, x.dtype),
  ]);
  const size = shape[d1]!;
  const square = g.add(
    "Where",
    [onDiagonal(g, size, size, offset), g.unsqueeze(full, [-2]), g.scalar(0, x.dtype)],
    {},
    x.dtype,
  );
  return toAxes(g, square, shape.length, d1, d2);
}

/** The last two axes moved to where they belong. */
function toAxes(g: Graph, x: Value, ndim: number, d1: number, d2: number): Value {
  const rest = Array.from({ length: ndim - 2 }, (_, i) => i);
  const perm = Array.from({ length: ndim }, (_, i) => (i === d1 ? ndim - 2 : i === d2 ? ndim - 1 : rest.shift()!));
  return perm.every((axis, i) => axis === i) ? x : g.add("Transpose", [x], { perm });
}

/** A vector on the diagonal of a square, or the diagonal of a matrix. */
const diag: Lower = (g, a, call) => {
  const offset = a.diagonal ?? a.offset ?? 0;
  const flat = {
    ...g.reshape(a.input, [-1]),
    shape: [Sym.combine(a.input.shape, (...n) => n.reduce((x, y) => x * y, 1))],
  };
  return placed(g, flat, call.out[0]!.shape, offset, 0, 1);
};

/** The input with its diagonal replaced. */
function scattered(g: Graph, a: Args): Value {
  const ndim = a.input.shape.length;
  const [offset, d1, d2] = [a.offset ?? 0, wrap(a.dim1 ?? 0, ndim), wrap(a.dim2 ?? 1, ndim)];
  if (d1 !== ndim - 2 || d2 !== ndim - 1) throw g.refuse("of other axes than the last two has no ONNX form");
  const [rows, columns] = [a.input.shape[d1], a.input.shape[d2]] as [Size, Size];
  // The vector's elements stand under the columns that they belong to.
  const count = a.src.shape.at(-1);
  const lead = g.fixed(Math.max(0, offset), "an offset");
  const tail = Sym.combine([columns, count], (all, n) => all - n - lead);
  const zeros = (n: number): number[] => new Array(n).fill(0);
  const pads = g.ints([...zeros(ndim - 2), lead, ...zeros(ndim - 2), tail]);
  const row = g.unsqueeze(g.add("Pad", [g.cast(a.src, a.input.dtype), pads, g.scalar(0, a.input.dtype)]), [-2]);
  return g.add("Where", [onDiagonal(g, rows, columns, offset), row, a.input], {}, a.input.dtype);
}

function power(g: Graph, a: Args): Value {
  const n = g.fixed(a.n, "a power");
  if (n < 0) throw g.refuse("to a negative power takes an inverse, which has no ONNX form");
  if (n === 0) {
    const size = a.input.shape.at(-1);
    const eye = g.cast(onDiagonal(g, size, size, 0), a.input.dtype);
    return g.add("Expand", [eye, g.ints(a.input.shape)]);
  }
  let result: Value | undefined;
  for (let square: Value = a.input, rest = n; ; square = g.add("MatMul", [square, square])) {
    if (rest % 2 === 1) result = result === undefined ? square : g.add("MatMul", [result, square]);
    rest = Math.floor(rest / 2);
    if (rest === 0) return result!;
  }
}

function blocks(g: Graph, a: Args, call: FormCall): Value {
  const [, columns] = call.out[0]!.shape as [Size, Size];
  const { dtype } = call.out[0]!;
  let before: Size = 0;
  const rows = (a.tensors as Value[]).map((x) => {
    const shape = x.shape.length === 2 ? x.shape : [1, x.shape[0] ?? 1];
    const matrix = x.shape.length === 2 ? x : g.reshape(x, shape);
    const after = Sym.combine([columns, before, shape[1]!], (all, b, n) => all - b - n);
    const pads = g.ints([0, before, 0, after]);
    before = Sym.combine([before, shape[1]!], (b, n) => b + n);
    return g.add("Pad", [g.cast(matrix, dtype), pads, g.scalar(0, dtype)]);
  });
  return g.add("Concat", rows, { axis: 0 });
}

export const matrices: Forms = {
  det,
  logdet,
  slogdet: signedLog,
  matrixPower: power,
  addbmm: (g, a, call) => {
    const { dtype } = call.out[0]!;
    const sum = g.reduce("ReduceSum", g.add("MatMul", [g.cast(a.batch1, dtype), g.cast(a.batch2, dtype)]), [0], false);
    return plus(g, a, sum, dtype);
  },
  addr: (g, a, call) => {
    const { dtype } = call.out[0]!;
    const product = g.add("Mul", [g.unsqueeze(g.cast(a.vec1, dtype), [1]), g.unsqueeze(g.cast(a.vec2, dtype), [0])]);
    return plus(g, a, product, dtype);
  },
  diagEmbed: embedded,
  diag: { when: (a) => a.input.ndim === 1, lower: diag },
  diagflat: diag,
  diagonalScatter: scattered,
  fillDiagonal: {
    when: (a) => a.input.ndim === 2 && !a.wrap,
    lower: (g, a) => {
      const [rows, columns] = a.input.shape as [Size, Size];
      return g.add(
        "Where",
        [onDiagonal(g, rows, columns, 0), g.scalar(a.fillValue, a.input.dtype), a.input],
        {},
        a.input.dtype,
      );
    },
  },
  blockDiag: blocks,
  renorm: {
    when: (a) => isFloat(a.input.dtype) && Number.isFinite(a.p),
    lower: (g, a) => {
      const { dtype, shape } = a.input as Value;
      const axis = wrap(a.dim, shape.length);
      const others = shape.map((_, i) => i).filter((i) => i !== axis);
      const powers = g.add("Pow", [g.add("Abs", [a.input]), g.scalar(a.p, dtype)]);
      const norm = g.add("Pow", [g.reduce("ReduceSum", powers, others, true), g.scalar(1 / a.p, dtype)]);
      const least = g.scalar(a.maxnorm, dtype);
      const factor = g.add("Div", [least, g.add("Add", [norm, g.scalar(1e-7, dtype)])]);
      const isAbove = g.add("Greater", [norm, least], {}, "bool");
      return g.add("Mul", [a.input, g.add("Where", [isAbove, factor, g.scalar(1, dtype)], {}, dtype)]);
    },
  },
};
