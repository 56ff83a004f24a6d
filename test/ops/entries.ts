/** Checks of the elementwise entries of the table: everything follows from what an entry says about itself. */
import { cut, runsAll } from "../helpers/cut";
import { references } from "./references";
import {
  assertClose,
  type DType,
  hasLayout,
  type Layout,
  lay,
  layouts,
  spread,
  type Tensor,
  torch,
  wholeNumbers,
} from "./spec";

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

/** Entries that refuse a dtype, as in PyTorch. */
const refused: Partial<Record<DType, ReadonlySet<string>>> = {
  bool: new Set("bitwiseLeftShift bitwiseRightShift floorDivide fmod gcd lcm neg remainder sub".split(" ")),
};

/** Empty, one, around a vector of 4 and of 16, around a block of 64, several blocks. */
const sizes = [0, 1, 3, 4, 5, 15, 16, 17, 63, 64, 65, 1000];
/** Above the size from which threads share the work. */
const SHARED = 100_000;
/** Numbers repeat after so many, of which no block or share of a thread is a multiple: references take longer than what they judge. */
const PERIOD = runsAll ? SHARED : 1009;

const floats: readonly DType[] = ["float32", "float64", "float16", "bfloat16"];
const integers: readonly DType[] = ["int64", "int32", "int16", "int8", "uint8"];

/** The dtypes that an entry takes; those that it refuses are listed with it, and their refusal is checked. */
const dtypesOf = (entry: Entry): readonly DType[] => allOf(entry).filter((dtype) => !isRefused(entry, dtype));

const allOf = ({ rule }: Entry): readonly DType[] => {
  if (rule === "integer") return [...integers, "bool"];
  return rule === "floating" ? floats : [...floats, ...integers, "bool"];
};

const isRefused = ({ name }: Entry, dtype: DType): boolean => refused[dtype]?.has(name) ?? false;

/** An entry's op says that it does not take a dtype. */
export function checkRefusals(op: Op): void {
  for (const dtype of allOf(op.entry).filter((each) => isRefused(op.entry, each)))
    torch.tidy(() => {
      const inputs = operands(op.entry, [3], "contiguous", dtype);
      let error: unknown;
      try {
        op(...inputs);
      } catch (thrown) {
        error = thrown;
      }
      if (!(error instanceof torch.KindlingError))
        throw new Error(`${op.entry.name} takes ${dtype}: it is listed as refusing it`);
    });
}

const isFloat = (dtype: DType): boolean => floats.includes(dtype);

/** @throws Error for a layout that the shape does not have. */
function operand(entry: Entry, shape: readonly number[], layout: Layout, dtype: DType, seed: number): Tensor {
  const x = fill(entry, shape, layout, dtype, seed);
  if (x === undefined) throw new Error(`${entry.name}: [${shape}] cannot be ${layout}`);
  return x;
}

function fill(entry: Entry, shape: readonly number[], layout: Layout, dtype: DType, seed: number): Tensor | undefined {
  const [low, high] = entry.domain;
  if (dtype === "bool")
    return lay(shape, layout, dtype, (n) => Float64Array.from({ length: n }, (_, i) => (i * seed) % 2));
  const bottom = dtype === "uint8" ? Math.max(low, 0) : low;
  const numbers = isFloat(dtype) ? spread : wholeNumbers;
  return lay(shape, layout, dtype, (n) => repeated(numbers(Math.min(n, PERIOD), bottom, high, seed), n));
}

/** Numbers again and again, until there are n. */
function repeated(numbers: Float64Array, n: number): Float64Array {
  if (numbers.length === n) return numbers;
  const all = new Float64Array(n);
  all.set(numbers);
  for (let i = numbers.length; i < n; i *= 2) all.copyWithin(i, 0, i);
  return all;
}

const operands = (entry: Entry, shape: readonly number[], layout: Layout, dtype: DType): Tensor[] =>
  Array.from({ length: entry.kind === "unary" ? 1 : 2 }, (_, i) => operand(entry, shape, layout, dtype, i + 1));

const plain = (x: Tensor, most?: number): number[] => Array.from(x.toTypedArray().subarray(0, most), Number);

/** What the op gives on plain numbers, rounded into the dtype of the result. */
function expected(entry: Entry, result: Tensor, inputs: readonly Tensor[]): ArrayLike<number | bigint> {
  const [a, b] = inputs.map((x) => plain(x, PERIOD)) as [number[], number[]?];
  const { js } = entry;
  const reference = references[entry.name] ?? (js && ((x: number, y: number) => js(x, y)));
  if (reference === undefined)
    throw new Error(`${entry.name} has no rule on plain numbers: give it one in references.ts`);
  const period = Float64Array.from(a, (x, i) => Number(reference(x, b?.[i] ?? 0, result.dtype)));
  const values = repeated(period, result.numel());
  if (!isFloat(result.dtype)) return torch.tensor(values.map(Math.trunc), { dtype: result.dtype }).toTypedArray();
  // What lies beyond the largest number of a dtype is infinite there.
  const { max } = torch.finfo(result.dtype);
  return values.map((value) => (Math.abs(value) > max ? Math.sign(value) / 0 : value));
}

/** What rounding, of operands too where they are rounded first, makes of a result. */
const tolerances: Readonly<Record<string, readonly [rtol: number, atol: number]>> = {
  float32: [1e-5, 2e-6],
  float16: [2 ** -10, 2 ** -12],
  bfloat16: [2 ** -7, 2 ** -9],
};

function checkResult(op: Op, inputs: Tensor[], what: string): void {
  const y = op(...inputs);
  if (op.entry.rule === "float" && !inputs[0]!.isFloatingPoint() && y.dtype !== "float32")
    throw new Error(`${what}: gives ${y.dtype}`);
  if (op.entry.rule === "bool" && y.dtype !== "bool") throw new Error(`${what}: gives ${y.dtype} instead of bool`);
  const [rtol, atol] = tolerances[y.dtype] ?? [1e-9, 1e-12];
  assertClose(y, expected(op.entry, y, inputs), rtol, atol, what);
}

/** Every dtype at every size, against the op on plain numbers, or a reference of its own. */
export function checkSizes(op: Op): void {
  for (const dtype of dtypesOf(op.entry))
    for (const size of dtype === "float32" ? [...sizes, SHARED] : cut(sizes, 2))
      torch.tidy(() =>
        checkResult(op, operands(op.entry, [size], "contiguous", dtype), `${op.entry.name} ${dtype} [${size}]`),
      );
}

/** Shapes of operands, of which dtypes take one in turn in normal runs. */
const shapesOf = (turn: number): number[][] => {
  const shapes = [[5, 7], [3, 4, 17], [70]];
  return runsAll || turn === 0 ? shapes : [shapes[turn % 2]!];
};

/** Every layout, also with different layouts of the two operands. */
export function checkLayouts(op: Op): void {
  for (const [turn, dtype] of dtypesOf(op.entry).entries())
    for (const layout of layouts)
      for (const shape of shapesOf(turn).filter((each) => hasLayout(each, layout)))
        torch.tidy(() => {
          const inputs = operands(op.entry, shape, layout, dtype);
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
  if (entry.kind === "unary") throw new Error(`${entry.name} has one operand: nothing is broadcast`);
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
      const a = operand(entry, left, "contiguous", dtype, 1);
      const b = operand(entry, right, "contiguous", dtype, 2);
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
    const x = operand(op.entry, [37], "contiguous", dtype, 1);
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
const gradientShapes: Readonly<Record<Entry["kind"], readonly (readonly (readonly number[])[])[]>> = {
  unary: [[[2, 3]], [[0]]],
  binary: [
    [
      [2, 3],
      [2, 3],
    ],
    [[2, 3], [3]],
    [
      [2, 1],
      [1, 2],
    ],
  ],
};

/** First and second derivatives against finite differences, in every layout. */
export function checkGradients(op: Op): void {
  const { kind, name } = op.entry;
  for (const layout of layouts)
    for (const shapes of gradientShapes[kind].filter((each) => each.every((shape) => hasLayout(shape, layout))))
      torch.tidy(() => {
        const inputs = shapes.map((shape, i) => {
          const x = operand(op.entry, shape, layout, "float64", i + 1);
          return x.detach().requiresGrad_(constantOperands[name] !== i);
        });
        torch.autograd.gradcheck(op, inputs, { rtol: 1e-5, atol: 1e-6 });
        if (layout === "contiguous") torch.autograd.gradgradcheck(op, inputs, null, { rtol: 1e-4, atol: 1e-5 });
      });
}

/** The in-place form gives the same values and gradients, on a whole tensor and on a view, and changes nothing else. */
export function checkInplace(op: Op, inplace: (x: Tensor, ...rest: Tensor[]) => Tensor): void {
  for (const layout of ["contiguous", "transposed", "strided"] as const)
    torch.tidy(() => {
      const inputs = operands(op.entry, [4, 6], layout, op.entry.rule === "integer" ? "int64" : "float32");
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
    const inputs = operands(op.entry, [3, 4], "contiguous", "float64");
    const leaves = inputs.filter((_, i) => constantOperands[op.entry.name] !== i).map((x) => x.requiresGrad_());
    const weights = { gradOutputs: torch.tensor(spread(12, -1, 1, 9)).view([3, 4]) };
    const direct = torch.autograd.grad(op(...inputs), leaves, weights) as Tensor[];
    const [x, ...rest] = inputs as [Tensor, ...Tensor[]];
    const through = torch.autograd.grad(inplace(x.clone(), ...rest), leaves, weights) as Tensor[];
    for (const [i, g] of direct.entries())
      assertClose(through[i]!, g.toTypedArray() as ArrayLike<number>, 1e-9, 1e-12, `gradient of ${op.entry.name}_`);
  });
}
