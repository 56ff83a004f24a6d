/** Checks of the elementwise entries of the table: everything follows from what an entry says about itself. */
import { assertClose, type DType, type Layout, lay, layouts, spread, type Tensor, torch, wholeNumbers } from "./spec";

/** The part of an entry that tests read. */
export interface Entry {
  readonly name: string;
  readonly kind: "unary" | "binary";
  readonly rule: "same" | "number" | "float" | "floating" | "bool" | "integer";
  readonly domain: readonly [number, number];
  readonly js?: (...values: number[]) => number;
  readonly differentiable: boolean;
}

/** Operands with respect to which PyTorch too has no derivative. */
const constantOperands: Readonly<Record<string, number>> = { igamma: 0, igammac: 0, zeta: 0 };

export type Op = ((...operands: unknown[]) => Tensor) & { readonly entry: Entry };

/** Empty, one, around a vector of 4 and of 16, around a block of 64, several blocks. */
const sizes = [0, 1, 3, 4, 5, 15, 16, 17, 63, 64, 65, 1000];
/** Above the size from which threads share the work. */
const SHARED = 100_000;

const floats: readonly DType[] = ["float32", "float64"];
const integers: readonly DType[] = ["int64", "int32", "uint8"];

/** The dtypes that an entry takes. */
const dtypesOf = ({ rule }: Entry): readonly DType[] =>
  rule === "integer" ? integers : rule === "floating" ? floats : [...floats, ...integers];

const isFloat = (dtype: DType): boolean => dtype.startsWith("float");

function operand(
  entry: Entry,
  shape: readonly number[],
  layout: Layout,
  dtype: DType,
  seed: number,
): Tensor | undefined {
  const [low, high] = entry.domain;
  const bottom = dtype === "uint8" ? Math.max(low, 0) : low;
  return lay(shape, layout, dtype, (n) =>
    isFloat(dtype) ? spread(n, bottom, high, seed) : wholeNumbers(n, bottom, high, seed),
  );
}

function operands(entry: Entry, shape: readonly number[], layout: Layout, dtype: DType): Tensor[] | undefined {
  const list = Array.from({ length: entry.kind === "unary" ? 1 : 2 }, (_, i) =>
    operand(entry, shape, layout, dtype, i + 1),
  );
  return list.includes(undefined) ? undefined : (list as Tensor[]);
}

const plain = (x: Tensor): number[] => Array.from(x.toTypedArray() as ArrayLike<number>, Number);

/** What the op gives on plain numbers, rounded into the dtype of the result. */
function expected(entry: Entry, result: Tensor, inputs: readonly Tensor[]): ArrayLike<number | bigint> {
  const [a, b] = inputs.map(plain) as [number[], number[]?];
  const values = a.map((x, i) => Number(entry.js!(x, b?.[i] ?? 0)));
  return isFloat(result.dtype)
    ? values
    : torch.tensor(Float64Array.from(values, Math.trunc), { dtype: result.dtype }).toTypedArray();
}

const tolerance = (x: Tensor): [number, number] => (x.dtype === "float32" ? [1e-5, 2e-6] : [1e-9, 1e-12]);

function checkResult(op: Op, inputs: Tensor[], what: string): void {
  const y = op(...inputs);
  if (op.entry.rule === "float" && !inputs[0]!.isFloatingPoint() && y.dtype !== "float32")
    throw new Error(`${what}: gives ${y.dtype}`);
  if (op.entry.rule === "bool" && y.dtype !== "bool") throw new Error(`${what}: gives ${y.dtype} instead of bool`);
  const wide = inputs.map((x) => x.to(x.isFloatingPoint() ? "float64" : "int64"));
  const reference = op.entry.js
    ? expected(op.entry, y, inputs)
    : op(...wide)
        .to(y.dtype)
        .toTypedArray();
  const [rtol, atol] = op.entry.js ? tolerance(y) : [1e-4, 1e-5];
  assertClose(y, reference, rtol, atol, what);
}

/** Every dtype at every size, against the op on plain numbers (or, where there is none, against float64). */
export function checkSizes(op: Op): void {
  for (const dtype of dtypesOf(op.entry))
    for (const size of dtype === "float32" ? [...sizes, SHARED] : sizes)
      torch.tidy(() =>
        checkResult(op, operands(op.entry, [size], "contiguous", dtype)!, `${op.entry.name} ${dtype} [${size}]`),
      );
}

/** Every layout, also with different layouts of the two operands. */
export function checkLayouts(op: Op): void {
  for (const dtype of dtypesOf(op.entry))
    for (const layout of layouts)
      for (const shape of [[5, 7], [3, 4, 17], [70]])
        torch.tidy(() => {
          const inputs = operands(op.entry, shape, layout, dtype);
          if (inputs === undefined) return;
          const what = `${op.entry.name} ${dtype} [${shape}] ${layout}`;
          checkResult(op, inputs, what);
          const mixed = [inputs[0]!, ...inputs.slice(1).map((x) => x.clone())];
          if (mixed.length === 2) {
            checkResult(op, mixed, `${what} with contiguous`);
            checkResult(op, mixed.reverse(), `contiguous with ${what}`);
          }
        });
}

/** Operands of different shapes, and numbers in place of tensors. */
export function checkBroadcast(op: Op): void {
  const { entry } = op;
  if (entry.kind === "unary") return;
  const dtype = entry.rule === "integer" ? "int64" : "float32";
  for (const [left, right] of [
    [[5, 7], [7]],
    [
      [5, 1],
      [1, 7],
    ],
    [[], [6]],
    [
      [2, 1, 3],
      [4, 1],
    ],
  ] as [number[], number[]][])
    torch.tidy(() => {
      const a = operand(entry, left, "contiguous", dtype, 1)!;
      const b = operand(entry, right, "contiguous", dtype, 2)!;
      const y = op(a, b);
      const [wideA, wideB] = [a, b].map((x) => x.expand([...y.shape]).contiguous()) as [Tensor, Tensor];
      assertClose(
        y,
        op(wideA, wideB).toTypedArray() as ArrayLike<number>,
        1e-6,
        0,
        `${entry.name} [${left}] with [${right}]`,
      );
    });
  checkNumbers(op, dtype);
}

function checkNumbers(op: Op, dtype: DType): void {
  const number = op.entry.rule === "integer" ? 3 : 0.75;
  torch.tidy(() => {
    const x = operand(op.entry, [37], "contiguous", dtype, 1)!;
    const constant = torch.full([37], number, { dtype });
    assertClose(
      op(x, number),
      op(x, constant).toTypedArray() as ArrayLike<number>,
      1e-6,
      0,
      `${op.entry.name} with a number`,
    );
    assertClose(
      op(number, x),
      op(constant, x).toTypedArray() as ArrayLike<number>,
      1e-6,
      0,
      `${op.entry.name} of a number`,
    );
  });
}

/** Shapes of the operands for derivatives: equal, broadcast, empty. */
const gradientShapes = {
  unary: ["2x3", "0"],
  binary: ["2x3 2x3", "2x3 3", "2x1 1x2"],
} as const;

/** First and second derivatives against finite differences, in every layout. */
export function checkGradients(op: Op): void {
  const { kind, name } = op.entry;
  for (const layout of layouts)
    for (const shapes of gradientShapes[kind])
      torch.tidy(() => {
        const inputs = shapes.split(" ").map((shape, i) => {
          const x = operand(op.entry, shape.split("x").map(Number), layout, "float64", i + 1);
          return x?.detach().requiresGrad_(constantOperands[name] !== i);
        });
        if (inputs.includes(undefined)) return;
        torch.autograd.gradcheck(op, inputs, { rtol: 1e-5, atol: 1e-6 });
        if (layout === "contiguous") torch.autograd.gradgradcheck(op, inputs, null, { rtol: 1e-4, atol: 1e-5 });
      });
}

/** The in-place form gives the same values and gradients, on a whole tensor and on a view, and changes nothing else. */
export function checkInplace(op: Op, inplace: (x: Tensor, ...rest: Tensor[]) => Tensor): void {
  for (const layout of ["contiguous", "transposed", "strided"] as const)
    torch.tidy(() => {
      const inputs = operands(op.entry, [4, 6], layout, op.entry.rule === "integer" ? "int64" : "float32")!;
      const rest = inputs.slice(1);
      const base = torch.zeros([8, 12], { dtype: inputs[0]!.dtype });
      const view = base.slice(0, 2, 6).slice(1, 3, 9) as Tensor;
      view.copy_(inputs[0]!);
      const changed = inplace(view, ...rest);
      if (changed !== view) throw new Error(`${op.entry.name}_ does not return its tensor`);
      const reference = op(...inputs).to(view.dtype);
      assertClose(changed, reference.toTypedArray() as ArrayLike<number>, 1e-6, 1e-7, `${op.entry.name}_ on a view`);
      const outside = base.clone();
      (outside.slice(0, 2, 6).slice(1, 3, 9) as Tensor).fill_(0);
      if (plain(outside).some((value) => value !== 0)) throw new Error(`${op.entry.name}_ wrote outside of its view`);
    });
  if (op.entry.differentiable) checkInplaceGradient(op, inplace);
}

function checkInplaceGradient(op: Op, inplace: (x: Tensor, ...rest: Tensor[]) => Tensor): void {
  torch.tidy(() => {
    const inputs = operands(op.entry, [3, 4], "contiguous", "float64")!;
    const leaves = inputs.filter((_, i) => constantOperands[op.entry.name] !== i).map((x) => x.requiresGrad_());
    const weights = { gradOutputs: torch.tensor(spread(12, -1, 1, 9)).view([3, 4]) };
    const direct = torch.autograd.grad(op(...inputs), leaves, weights) as Tensor[];
    const [x, ...rest] = inputs as [Tensor, ...Tensor[]];
    const through = torch.autograd.grad(inplace(x.clone(), ...rest), leaves, weights) as Tensor[];
    for (const [i, g] of direct.entries())
      assertClose(through[i]!, g.toTypedArray() as ArrayLike<number>, 1e-9, 1e-12, `gradient of ${op.entry.name}_`);
  });
}
