/** New tensors, whose sizes may depend on those of the inputs. */
import { isFloat } from "../../../core/dtype";
import type { Args, FormCall, Forms, Lower } from "../form";
import type { Graph } from "../graph";
import type { Value } from "../types";
import { type Size, Sym } from "../types";

function filled(g: Graph, value: Size | boolean, { dtype, shape }: { dtype: any; shape: readonly Size[] }): Value {
  const number = g.scalar(value, dtype);
  return shape.length === 0 ? g.add("Identity", [number]) : g.add("Expand", [number, g.ints(shape)]);
}

const of =
  (value: number): Lower =>
  (g, _a, call) =>
    filled(g, value, call.out[0]!);

const ofValue: Lower = (g, a, call) => {
  const value = a.fillValue ?? a.value;
  if (typeof value !== "object" || value instanceof Sym) return filled(g, value, call.out[0]!);
  return g.add("Expand", [g.cast(value, call.out[0]!.dtype), g.ints(call.out[0]!.shape)]);
};

function arange(g: Graph, a: Args, call: FormCall): Value {
  const { dtype } = call.out[0]!;
  const [start, end] = a.end === undefined ? [0, a.start] : [a.start ?? 0, a.end];
  const type = isFloat(dtype) || dtype === "int32" ? dtype : "int64";
  return g.add(
    "Range",
    [start, end, a.step ?? 1].map((n) => g.scalar(n, type)),
    {},
    type,
  );
}

/** Rows and columns compared by their numbers. */
function triangle(g: Graph, a: Args, isUpper: boolean): Value {
  const k = g.scalar(a.diagonal ?? 0, "int64");
  if (g.opset >= 14) return g.add("Trilu", [a.input, k], { upper: Number(isUpper) });
  const [rows, columns] = a.input.shape.slice(-2).map((n: Size) =>
    g.add(
      "Range",
      [0, n, 1].map((m) => g.scalar(m, "int64")),
      {},
      "int64",
    ),
  );
  const distance = g.add("Sub", [g.unsqueeze(columns, [0]), g.unsqueeze(rows, [1])]);
  const kept = g.add(isUpper ? "GreaterOrEqual" : "LessOrEqual", [distance, k], {}, "bool");
  return g.add("Where", [kept, a.input, g.scalar(0, a.input.dtype)], {}, a.input.dtype);
}

export const creation: Forms = {
  zeros: of(0),
  ones: of(1),
  empty: of(0),
  zerosLike: of(0),
  onesLike: of(1),
  emptyLike: of(0),
  newZeros: of(0),
  newOnes: of(1),
  newEmpty: of(0),
  full: ofValue,
  fullLike: ofValue,
  newFull: ofValue,
  fill: ofValue,
  zero: of(0),
  scalarTensor: (g, a, call) => filled(g, a.value, call.out[0]!),
  arange,
  tril: (g, a) => triangle(g, a, false),
  triu: (g, a) => triangle(g, a, true),
  eye: (g, a, call) => {
    const { shape, dtype } = call.out[0]!;
    const [n, m] = shape as [Size, Size];
    const range = (size: Size): Value =>
      g.add(
        "Range",
        [0, size, 1].map((x) => g.scalar(x, "int64")),
        {},
        "int64",
      );
    void a;
    return g.cast(g.add("Equal", [g.unsqueeze(range(n), [1]), g.unsqueeze(range(m), [0])], {}, "bool"), dtype);
  },
  oneHot: (g, a) => {
    if (a.numClasses == null || a.numClasses < 0)
      throw g.refuse("needs numClasses, since the largest class is not known");
    return g.add(
      "OneHot",
      [a.input, g.scalar(a.numClasses, "int64"), g.constant([0, 1], "int64")],
      { axis: -1 },
      "int64",
    );
  },
};
