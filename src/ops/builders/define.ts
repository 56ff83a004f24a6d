/** The builders of the op table: an entry says what an op is, its gradient included, and the rest follows from it. */

import { type InputGrad, isRecorded, record, recordStep } from "../../autograd/node";
import type { BinaryName, UnaryName } from "../../backend/elementwise";
import { checkNumbers } from "../../core/arguments";
import { type DType, promoteTypes, resultType } from "../../core/dtype";
import { ArgumentError, describe } from "../../core/errors";
import { broadcastShapes, sameShape } from "../../core/shape";
import { named } from "../../core/signature";
import type { Named } from "../../core/signatureTypes";
import { allocate, full } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { checkFits, checkSameDevice, checkTensor } from "./checks";
import { type DTypeRule, resolve } from "./dtypeRule";
import { beside } from "./move";

/** A tensor, or a plain value that takes its place in arithmetic: an integral number counts as an int. */
export type TensorLike = Tensor | number | boolean | bigint;

/** `logSoftmax` → `LogSoftmaxBackward0`, PyTorch's name of the node. */
export const nodeName = (op: string): string => `${op.charAt(0).toUpperCase()}${op.slice(1)}Backward0`;

/** The dtype that the kernel of an op writes. */
const kernelResult = (rule: DTypeRule, dtype: DType): DType => (rule === "bool" ? "bool" : computeType(dtype));

/** The dtype that kernels compute in: 16-bit floats are storage types, widened for arithmetic. */
export const computeType = (dtype: DType): DType => (dtype === "float16" || dtype === "bfloat16" ? "float32" : dtype);

/** `x` in another dtype, without history; `x` itself if it has it. */
export function cast(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x;
  const y = allocate(x.shape, dtype, x);
  x.storage.backend.copy(y, x);
  return y;
}

/** The in-place form of a {@link Unary}: changes `x` and returns it. */
export type UnaryInplace = Named<"input", (x: Tensor) => Tensor>;
/** The in-place form of a {@link Binary}. */
export type BinaryInplace<S extends string = "input, other"> = Named<S, (x: Tensor, other: TensorLike) => Tensor>;
/** Options of ops with a factor for the second operand. */
export interface ScaleOptions {
  /** The factor; true and false are 1 and 0, for results of truth values only. Default: 1. */
  alpha?: number | boolean;
}

/** The in-place form of a {@link ScaledBinary}. */
export type ScaledInplace = Named<
  "input, other;; alpha",
  (x: Tensor, other: TensorLike, options?: ScaleOptions) => Tensor
>;

/** Metadata that the sweep, the documentation and the benchmark read from an entry. */
export interface EntryInfo {
  readonly name: string;
  readonly kind: "unary" | "binary";
  readonly rule: DTypeRule;
  /** The interval (per operand) that tests draw from. */
  readonly domain: readonly [number, number];
  /** The op on plain numbers: what the kernel must compute. Absent where JavaScript has no such function. */
  readonly js?: (...values: number[]) => number;
  readonly differentiable: boolean;
}

/** An elementwise op of one tensor. */
export type Unary = Named<"input", (x: Tensor) => Tensor> & {
  readonly entry: EntryInfo;
  /** @internal Computes into `out`, recording nothing. */
  readonly into: (out: Tensor, x: Tensor) => void;
};

/** A specification for an op called `Name`, which has to name its kernel unless the kernel is called the same. */
type WithKernel<Name extends string, Kernel extends string, Spec> = Spec &
  (Name extends Kernel ? { readonly kernel?: Kernel } : { readonly kernel: Kernel });

interface UnarySpec {
  readonly dtypes: DTypeRule;
  /** Throws for operands that the op refuses although their dtype fits. */
  readonly check?: (x: Tensor) => void;
  readonly domain: readonly [number, number];
  readonly js?: (x: number) => number;
  /** The name of the kernel, if it is not that of the op. */
  readonly kernel?: UnaryName;
  /** Scalar arguments of the kernel. */
  readonly params?: readonly [number, number?];
  /** What the gradient uses: the input, the output, both, or nothing. */
  readonly saves?: readonly ("x" | "y")[];
  /** The gradient in differentiable ops; an entry without one is not differentiable. */
  readonly grad?: (g: Tensor, saved: { readonly x: Tensor; readonly y: Tensor }) => Tensor;
}

/** Declares an elementwise op of one tensor. */
export function unary<N extends string>(name: N, spec: WithKernel<N, UnaryName, UnarySpec>): Unary {
  return defineUnary(name, spec, spec.kernel ?? (name as string as UnaryName));
}

function defineUnary(name: string, spec: UnarySpec, kernel: UnaryName): Unary {
  const [p = 0, q = 0] = spec.params ?? [];
  const saves = spec.saves ?? [];
  const node = nodeName(name);
  const { grad } = spec;
  const rule: InputGrad[] = [(g, saved) => grad!(g, { x: saved[saves.indexOf("x")]!, y: saved[saves.indexOf("y")]! })];
  const compute = (out: Tensor, x: Tensor, dtype: DType): void => {
    spec.check?.(x);
    mapInto(kernel, out, x, computeType(dtype), kernelResult(spec.dtypes, dtype), p, q);
  };
  const into = (out: Tensor, x: Tensor): void => {
    const types = resolve(name, spec.dtypes, x.dtype);
    checkFits(name, out, x.shape, types.result);
    compute(out, x, types.compute);
  };
  const call = (x: Tensor): Tensor => {
    checkTensor(name, x);
    const types = resolve(name, spec.dtypes, x.dtype);
    const y = allocate(x.shape, types.result, x);
    compute(y, x, types.compute);
    if (grad === undefined || !isRecorded([x])) return y;
    return recordStep(
      node,
      y,
      [x],
      saves.map((which) => (which === "x" ? x : y)),
      rule,
    );
  };
  const entry: EntryInfo = {
    name,
    kind: "unary",
    rule: spec.dtypes,
    domain: spec.domain,
    ...(spec.js && { js: spec.js as (...values: number[]) => number }),
    differentiable: grad !== undefined,
  };
  return Object.assign(named(name, "input", call), { entry, into });
}

/** out = kernel(x; p, q), elementwise, computed in `dtype`; the kernel writes elements of `result`. */
function mapInto(kernel: UnaryName, out: Tensor, x: Tensor, dtype: DType, result: DType, p = 0, q = 0): void {
  const { backend } = x.storage;
  const source = cast(x, dtype);
  const target = out.dtype === result && out.isContiguous() ? out : allocate(out.shape, result, x);
  backend.unary(kernel, target, source, p, q);
  if (target !== out) backend.copy(out, target);
  if (source !== x) source.dispose();
  if (target !== out) target.dispose();
}

/** An elementwise op of two operands that broadcast; at least one is a tensor. */
export type Binary<S extends string = "input, other"> = Named<S, (a: TensorLike, b: TensorLike) => Tensor> & {
  readonly entry: EntryInfo;
  /** @internal Computes into `out`, recording nothing. */
  readonly into: (out: Tensor, a: TensorLike, b: TensorLike) => void;
};

/** A binary op with a factor for the second operand. */
export type ScaledBinary = Named<
  "input, other;; alpha",
  (a: TensorLike, b: TensorLike, options?: ScaleOptions) => Tensor
> & {
  readonly entry: EntryInfo;
  /** @internal */
  readonly into: (out: Tensor, a: TensorLike, b: TensorLike, options?: ScaleOptions) => void;
};

/** What the gradients of a binary op may use: operands named in `saves`, and those that are numbers. */
export interface BinarySaved {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly y: Tensor;
  /** The scalar parameter. */
  readonly p: number;
}

type Savable = "a" | "b" | "y";

interface BinarySpec {
  readonly dtypes: DTypeRule;
  /** Throws for operands that the op refuses although their common dtype fits. */
  readonly check?: (a: TensorLike, b: TensorLike, dtype: DType) => void;
  readonly domain: readonly [number, number];
  readonly js?: (a: number, b: number) => number;
  readonly kernel?: BinaryName;
  /** The scalar argument of the kernel. */
  readonly p?: number;
  /** Whether the gradients take an operand that is a number as it is; otherwise they find a tensor of it. */
  readonly takesNumbers?: boolean;
  /** What the gradients use: both the same, or each its own. */
  readonly saves?: readonly Savable[] | { readonly a: readonly Savable[]; readonly b: readonly Savable[] };
  /** Gradients for both operands, before the sum over broadcast axes; null where none flows. */
  readonly grads?: readonly [
    ((g: Tensor, saved: BinarySaved) => Tensor) | null,
    ((g: Tensor, saved: BinarySaved) => Tensor) | null,
  ];
}

/** A number as kernels take it; one that only an int64 holds becomes a tensor. */
function toNumber(x: TensorLike): Tensor | number {
  if (x instanceof Tensor) return x;
  const value = Number(x);
  return typeof x === "bigint" && !Number.isSafeInteger(value) ? full([], x) : value;
}

/** The dtype of the operands' common arithmetic. */
function commonType(a: TensorLike, b: TensorLike): DType {
  if (a instanceof Tensor && b instanceof Tensor && a.dtype === b.dtype) return a.dtype;
  return resultType(a, b);
}

function checkOperand(op: string, x: unknown, name: string): void {
  if (x instanceof Tensor) x.assertAlive(op);
  else if (typeof x !== "number" && typeof x !== "boolean" && typeof x !== "bigint")
    throw new ArgumentError(`${op}: ${name} must be a Tensor or a number, got ${describe(x)}`);
}

/** Whether the operands are on different devices. */
function checkOperands(op: string, a: unknown, b: unknown): boolean {
  checkOperand(op, a, "input");
  checkOperand(op, b, "other");
  if (!(a instanceof Tensor) && !(b instanceof Tensor))
    throw new ArgumentError(`${op}: at least one operand must be a Tensor`);
  return a instanceof Tensor && b instanceof Tensor && a.storage.backend !== b.storage.backend;
}

/** Operands of different devices on one. @throws DeviceError unless one of them is a number of the cpu. */
function together(op: string, a: Tensor, b: Tensor): [Tensor, Tensor] {
  const dtype = commonType(a, b);
  const pair: [Tensor, Tensor] = [beside(a, b, dtype), beside(b, a, dtype)];
  checkSameDevice(op, ...pair);
  return pair;
}

const noAxes: readonly number[] = [];

const shapeOf = (x: TensorLike): readonly number[] => (x instanceof Tensor ? x.shape : noAxes);

function broadcast(op: string, a: TensorLike, b: TensorLike): readonly number[] {
  const sa = shapeOf(a);
  const sb = shapeOf(b);
  return sameShape(sa, sb) || sb.length === 0 ? sa : broadcastShapes(op, sa, sb);
}

/** out = kernel(a, b; p), computed in `dtype`; the kernel writes elements of `result`. */
export function zipInto(
  kernel: BinaryName,
  out: Tensor,
  a: TensorLike,
  b: TensorLike,
  dtype: DType,
  result: DType,
  p = 0,
): void {
  const { backend } = out.storage;
  const x = toNumber(a);
  const y = toNumber(b);
  const left = x instanceof Tensor ? cast(x, dtype) : x;
  const right = y instanceof Tensor ? cast(y, dtype) : y;
  const target = out.dtype === result && out.isContiguous() ? out : allocate(out.shape, result, out);
  backend.binary(kernel, dtype, target, left, right, p);
  if (target !== out) {
    backend.copy(out, target);
    target.dispose();
  }
  if (left instanceof Tensor && left !== x) left.dispose();
  if (right instanceof Tensor && right !== y) right.dispose();
}

/** Declares an elementwise op of two operands. @param names Those of the operands. */
export function binary<N extends string, S extends string = "input, other">(
  name: N,
  spec: WithKernel<N, BinaryName, BinarySpec>,
  names?: S,
): Binary<S> {
  return defineBinary(name, spec, names ?? "input, other") as Binary<S>;
}

/** Declares an elementwise op of two operands with the option `alpha`, passed to the kernel as its scalar. */
export function scaledBinary<N extends string>(name: N, spec: WithKernel<N, BinaryName, BinarySpec>): ScaledBinary {
  return defineBinary(name, spec, "input, other;; alpha") as ScaledBinary;
}

function defineBinary(name: string, spec: BinarySpec, signature: string): unknown {
  const scaled = signature.endsWith("alpha");
  const kernel = spec.kernel ?? (name as BinaryName);
  const saves = spec.saves ?? [];
  const node = nodeName(name);
  const alphaOf = (options: ScaleOptions, dtype: DType): number => {
    if (typeof options.alpha === "boolean" && dtype !== "bool")
      throw new ArgumentError(`${name}: Boolean alpha only supported for Boolean results, got ${dtype}; use 1 or 0`);
    return checkNumbers(name, options, { alpha: 1 }).alpha;
  };
  const compute = (out: Tensor, a: TensorLike, b: TensorLike, dtype: DType, alpha: number): void => {
    spec.check?.(a, b, dtype);
    const right = scaled && dtype === "bool" && alpha === 0 ? false : b;
    zipInto(kernel, out, a, right, computeType(dtype), kernelResult(spec.dtypes, dtype), scaled ? alpha : spec.p);
  };
  const into = (out: Tensor, a: TensorLike, b: TensorLike, options?: ScaleOptions): void => {
    if (checkOperands(name, a, b)) {
      into(out, ...together(name, a as Tensor, b as Tensor), options);
      return;
    }
    const types = resolve(name, spec.dtypes, commonType(a, b));
    checkFits(name, out, broadcast(name, a, b), types.result);
    compute(out, a, b, types.compute, options === undefined ? 1 : alphaOf(options, types.result));
  };
  const call = (a: TensorLike, b: TensorLike, options?: ScaleOptions): Tensor => {
    if (checkOperands(name, a, b)) return call(...together(name, a as Tensor, b as Tensor), options);
    const types = resolve(name, spec.dtypes, commonType(a, b));
    const alpha = options === undefined ? 1 : alphaOf(options, types.result);
    const y = allocate(broadcast(name, a, b), types.result, a instanceof Tensor ? a : (b as Tensor));
    compute(y, a, b, types.compute, alpha);
    if (spec.grads === undefined || !isRecorded([a as Tensor, b as Tensor])) return y;
    return recordBinary(node, y, a, b, saves, spec.grads, alpha, spec.takesNumbers ?? false);
  };
  const entry: EntryInfo = {
    name,
    kind: "binary",
    rule: spec.dtypes,
    domain: spec.domain,
    ...(spec.js && { js: spec.js as (...values: number[]) => number }),
    differentiable: spec.grads !== undefined,
  };
  return Object.assign(named(name, signature, call), { entry, into });
}

/** What backward needs of an op of which only some operands require grad. */
function savedNames(saves: NonNullable<BinarySpec["saves"]>, a: TensorLike, b: TensorLike): readonly Savable[] {
  if (!("a" in saves)) return saves;
  if (!(b instanceof Tensor && b.requiresGrad)) return saves.a;
  if (!(a instanceof Tensor && a.requiresGrad)) return saves.b;
  return [...new Set([...saves.a, ...saves.b])];
}

function recordBinary(
  node: string,
  y: Tensor,
  a: TensorLike,
  b: TensorLike,
  saves: NonNullable<BinarySpec["saves"]>,
  grads: NonNullable<BinarySpec["grads"]>,
  p: number,
  takesNumbers: boolean,
): Tensor {
  const saved: Tensor[] = [];
  const unpack = savesNothing(saves) ? unpackNothing(p) : unpacker(y, a, b, saves, p, takesNumbers, saved);
  const rule = [operandGrad(a, grads[0], unpack), operandGrad(b, grads[1], unpack)];
  return recordStep(node, y, [a as Tensor, b as Tensor], saved, rule);
}

const savesNothing = (saves: NonNullable<BinarySpec["saves"]>): boolean => !("a" in saves) && saves.length === 0;

const unscaled = (): BinarySaved => ({ p: 1 }) as BinarySaved;

const unpackNothing = (p: number): (() => BinarySaved) => (p === 1 ? unscaled : () => ({ p }) as BinarySaved);

/** Makes the values of backward out of what was kept, which is added to `saved`. */
function unpacker(
  y: Tensor,
  a: TensorLike,
  b: TensorLike,
  saves: NonNullable<BinarySpec["saves"]>,
  p: number,
  takesNumbers: boolean,
  saved: Tensor[],
): (kept: readonly Tensor[]) => BinarySaved {
  const operands = { a, b, y };
  const names: Savable[] = [];
  const numbers: Savable[] = [];
  for (const name of savedNames(saves, a, b)) {
    const operand = operands[name];
    if (operand instanceof Tensor) {
      names.push(name);
      saved.push(operand);
    } else if (!takesNumbers) numbers.push(name);
  }
  // Only plain numbers are captured: a tensor here would stay alive although backward does not need it.
  const constants = {
    a: a instanceof Tensor ? undefined : Number(a),
    b: b instanceof Tensor ? undefined : Number(b),
    y: undefined,
    p,
  };
  return (kept) => {
    const values: Record<Savable, TensorLike | undefined> = { ...constants };
    for (let i = 0; i < names.length; i++) values[names[i]!] = kept[i];
    for (const name of numbers) values[name] = full([], constants[name]!, { dtype: "float64" });
    return values as unknown as BinarySaved;
  };
}

/** The gradient of one operand; null for a number, for a tensor that requires none, and where none flows. */
function operandGrad(
  x: TensorLike,
  grad: NonNullable<BinarySpec["grads"]>[number],
  unpack: (kept: readonly Tensor[]) => BinarySaved,
): InputGrad | null {
  if (!(x instanceof Tensor) || grad === null || !x.requiresGrad) return null;
  const { shape, dtype } = x;
  return (g, kept) => sumTo(grad(g, unpack(kept)), shape, dtype);
}

/** The gradient of a broadcast: summed over the axes that were stretched, and cast back. */
export function sumTo(g: Tensor, shape: readonly number[], dtype: DType): Tensor {
  const summed = sameShape(g.shape, shape) ? g : g.sumToSize(shape);
  return summed.dtype === dtype ? summed : summed.to(dtype);
}

/** The dtype of several operands together. */
export const promote = (...xs: readonly Tensor[]): DType => xs.map((x) => x.dtype).reduce(promoteTypes);

/** How an elementwise op of one tensor with scalar parameters is computed and differentiated. */
export interface ParameterizedSpec {
  readonly dtypes: DTypeRule;
  readonly p?: number;
  readonly q?: number;
  readonly kernel?: UnaryName;
  /** What the gradient uses: the input or the output. Default: the input. */
  readonly saves?: "x" | "y" | "nothing";
  readonly grad: ((g: Tensor, saved: Tensor) => Tensor) | null;
}

/** The tensor whose elements the next {@link mapWith} of it replaces. */
let replaced: Tensor | undefined;

/** Runs an op whose result is to replace `x`, nothing of which is recorded: what {@link mapWith} makes of `x` is `x` itself, which nothing reads afterwards. */
export function replacing(x: Tensor, op: () => Tensor): Tensor {
  replaced = x;
  try {
    return op();
  } finally {
    replaced = undefined;
  }
}

/** Applies an elementwise op whose scalar parameters are known only at the call. */
export function mapWith<N extends string>(
  name: N,
  x: Tensor,
  spec: WithKernel<N, UnaryName, ParameterizedSpec>,
): Tensor {
  checkTensor(name, x);
  const types = resolve(name, spec.dtypes, x.dtype);
  const y = replaced === x && types.result === x.dtype ? x : allocate(x.shape, types.result, x);
  mapInto(
    spec.kernel ?? (name as string as UnaryName),
    y,
    x,
    computeType(types.compute),
    kernelResult(spec.dtypes, types.compute),
    spec.p ?? 0,
    spec.q ?? 0,
  );
  const { grad, saves = "x" } = spec;
  if (grad === null || y === x) return y;
  const saved = saves === "nothing" ? [] : [saves === "x" ? x : y];
  return record(nodeName(name), y, [x], saved, [(g, [s]) => grad(g, s!)]);
}
