/** Functions from functions: gradients, and products with Jacobians. */

import { withGrad } from "../autograd/mode";
import { checkFunction } from "../core/arguments";
import { ArgumentError, AutogradError, checkOptions, DTypeError, describe, ShapeError } from "../core/errors";
import { sameShape, shapeText } from "../core/shape";
import { overloaded } from "../core/signature";
import { isTensor, type Tensor } from "../tensor/tensor";
import { type Argnums, type AtArgnums, callOn, outputTensors, withoutGraph } from "./differentiate";
import { gradOrNull, pushforward } from "./jacobianParts";
import { type Flat, flattenTensors, type Replaced, structureText } from "./tree";

/** Options of {@link grad} and the functions like it. */
export interface TransformOptions<N extends Argnums = Argnums, H extends boolean = boolean> {
  /** Which arguments to differentiate by. Default: 0. */
  argnums?: N;
  /** The function returns `[output, aux]`; `aux` is passed on and not differentiated. Default: false. */
  hasAux?: H;
}

const known = ["argnums", "hasAux"];
const zerosLike = (x: Tensor): Tensor => x.newZeros(x.shape);

/** The gradient with respect to the arguments `A` at the positions `N`: their structure, with tensors of their shapes. */
type Gradient<A extends readonly unknown[], N extends Argnums> = Replaced<AtArgnums<A, N>, Tensor>;

/**
 * A function that gives the gradient of `func`, whose result is one element, with respect to its first argument or those at `argnums`. Arguments may
 * be nested arrays and objects of tensors; the gradient has the same structure.
 *
 * Derivatives nest: `grad(grad(f))` is the second. The result is outside of the graph unless the function uses tensors of an outer one.
 *
 * @throws AutogradError if the result is not one 0-d tensor.
 * @see torch.func.grad
 * @example torch.func.grad((x) => x.sin())(torch.tensor(0)); // tensor(1.)
 */
export const grad = overloaded("grad", "func(); argnums, hasAux", gradOf);

function gradOf<A extends unknown[], X, const N extends Argnums = 0>(
  func: (...args: A) => readonly [Tensor, X],
  options: TransformOptions<N, true> & { hasAux: true },
): (...args: A) => [gradient: Gradient<A, N>, aux: X];
function gradOf<A extends unknown[], const N extends Argnums = 0>(
  func: (...args: A) => Tensor,
  options?: TransformOptions<N, false>,
): (...args: A) => Gradient<A, N>;
function gradOf(func: (...args: any[]) => unknown, options: TransformOptions = {}): (...args: any[]) => unknown {
  checkFunction("grad", "func", func);
  checkOptions("grad", options, known);
  return (...args) => {
    const { gradient, aux } = valueAndGradient("grad", func, args, options);
    return options.hasAux ? [gradient, aux] : gradient;
  };
}

/**
 * {@link grad} with the value of the function.
 * @returns A function that gives `[gradient, value]`, or with `hasAux` `[gradient, [value, aux]]`.
 * @see torch.func.grad_and_value
 */
export const gradAndValue = overloaded("gradAndValue", "func(); argnums, hasAux", gradAndValueOf);

function gradAndValueOf<A extends unknown[], X, const N extends Argnums = 0>(
  func: (...args: A) => readonly [Tensor, X],
  options: TransformOptions<N, true> & { hasAux: true },
): (...args: A) => [gradient: Gradient<A, N>, valueAndAux: [value: Tensor, aux: X]];
function gradAndValueOf<A extends unknown[], const N extends Argnums = 0>(
  func: (...args: A) => Tensor,
  options?: TransformOptions<N, false>,
): (...args: A) => [gradient: Gradient<A, N>, value: Tensor];
function gradAndValueOf(func: (...args: any[]) => unknown, options: TransformOptions = {}): any {
  checkFunction("gradAndValue", "func", func);
  checkOptions("gradAndValue", options, known);
  return (...args: unknown[]) => {
    const { gradient, value, aux } = valueAndGradient("gradAndValue", func, args, options);
    return [gradient, options.hasAux ? [value, aux] : value];
  };
}

function valueAndGradient(
  op: string,
  func: (...args: any[]) => unknown,
  args: readonly unknown[],
  { argnums = 0, hasAux = false }: TransformOptions,
): { gradient: unknown; value: Tensor; aux: unknown } {
  const { output, aux, inputs, isNested } = callOn(op, func, args, argnums, hasAux);
  if (!isTensor(output))
    throw new ArgumentError(`${op}: expected f(...args) to return a tensor, got ${describe(output)}`);
  if (output.ndim !== 0)
    throw new AutogradError(
      `${op}: expected f(...args) to return a scalar tensor, got tensor with ${output.ndim} dims. Maybe you meant to use vjp or jacrev?`,
    );
  const grads = withGrad(isNested, () => gradOrNull([output], inputs.leaves, [null], { createGraph: isNested }));
  const filled = grads.map((g, i) => g ?? zerosLike(inputs.leaves[i]!));
  return { gradient: inputs.rebuild(filled), value: isNested ? output : withoutGraph(output), aux };
}

/** Options of the function that {@link vjp} returns. */
export interface PullbackOptions {
  /** Keep the graph for further calls. Default: true. */
  retainGraph?: boolean;
}

/** Takes cotangents in the structure of the output, and gives the products in that of the primals: one alone, several as an array. */
export type Pullback<A extends readonly unknown[], R> = (
  cotangents: Replaced<R, Tensor>,
  options?: PullbackOptions,
) => A extends readonly [infer P] ? Replaced<P, Tensor> : Replaced<A, Tensor>;

/** What {@link vjp} and {@link jvp} take beside the function. */
interface AuxOption {
  hasAux: true;
}

/**
 * The output of `func` at `primals`, and a function that multiplies a vector with the Jacobian there.
 *
 * @param primals The arguments of `func`; after them, `{ hasAux: true }` may follow if the function returns `[output, aux]`.
 * @returns `[output, pullback]`, or with `hasAux` `[output, pullback, aux]`.
 * @see torch.func.vjp
 * @example
 * const [y, pullback] = torch.func.vjp((x) => x.sin(), x);
 * const dx = pullback(torch.onesLike(y));
 */
export function vjp<A extends unknown[], R, X>(
  func: (...args: A) => readonly [R, X],
  ...primals: [...A, AuxOption]
): [output: R, pullback: Pullback<A, R>, aux: X];
export function vjp<A extends unknown[], R>(
  func: (...args: A) => R,
  ...primals: A
): [output: R, pullback: Pullback<A, R>];
export function vjp(func: (...args: any[]) => unknown, ...given: unknown[]): any {
  const hasAux = isAuxOption(given.at(-1));
  const primals = hasAux ? given.slice(0, -1) : given;
  const call = callOn("vjp", func, primals, [...primals.keys()], hasAux);
  const { output, inputs, isNested } = call;
  const outputs = outputTensors("vjp", output);
  for (const y of outputs.leaves)
    if (!y.isFloatingPoint())
      throw new DTypeError(`vjp: all outputs of f must be floating-point Tensors, got Tensor with dtype ${y.dtype}`);
  const pullback = (cotangents: unknown, options: PullbackOptions = {}): unknown => {
    checkOptions("vjp", options, ["retainGraph"]);
    const vectors = matching("vjp", "cotangents", cotangents, output, outputs);
    const createGraph = isNested || vectors.some((v) => v.requiresGrad);
    const retainGraph = options.retainGraph ?? true;
    const grads = gradOrNull(outputs.leaves, inputs.leaves, vectors, { createGraph, retainGraph });
    const all = inputs.rebuild(grads.map((g, i) => g ?? zerosLike(inputs.leaves[i]!)));
    return primals.length === 1 ? all[0] : all;
  };
  const value = isNested ? output : withoutGraph(output);
  return hasAux ? [value, pullback, call.aux] : [value, pullback];
}

const isAuxOption = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  Object.keys(value).join() === "hasAux" &&
  (value as AuxOption).hasAux === true;

/** Tensors in the structure, shapes and dtypes of others. */
function matching(op: string, what: string, given: unknown, model: unknown, { leaves }: Flat<Tensor>): Tensor[] {
  const found = flattenTensors(given).leaves;
  if (structureText(given) !== structureText(model) || found.length !== leaves.length)
    throw new ArgumentError(
      `${op}: expected ${what} of the structure ${structureText(model)}, got ${structureText(given)}`,
    );
  found.forEach((x, i) => {
    if (!sameShape(x.shape, leaves[i]!.shape))
      throw new ShapeError(
        `${op}: expected ${what} of the shape ${shapeText(leaves[i]!.shape)}, got ${shapeText(x.shape)}`,
      );
  });
  return [...found];
}

/** Options of {@link jvp}. */
export interface JvpOptions {
  /** The function returns `[output, aux]`. Default: false. */
  hasAux?: boolean;
  /** Take it for an error, instead of zeros, if an output does not depend on the primals. Default: false. */
  strict?: boolean;
}

/**
 * The output of `func` at `primals`, and its derivative in the direction of `tangents`, by differentiating backward itself; the function has to be
 * differentiable twice.
 *
 * @param primals The arguments of `func`, in an array.
 * @param tangents In the structure of the primals.
 * @returns `[output, tangent]`, or with `hasAux` `[output, tangent, aux]`.
 * @see torch.func.jvp
 * @example const [y, dy] = torch.func.jvp((x) => x.sin(), [x], [torch.onesLike(x)]);
 */
export const jvp = overloaded("jvp", "func(), primals, tangents;; hasAux, strict", jvpOf);

function jvpOf<A extends unknown[], R, X>(
  func: (...args: A) => readonly [R, X],
  primals: readonly [...A],
  tangents: readonly [...A],
  options: JvpOptions & { hasAux: true },
): [output: R, tangent: Replaced<R, Tensor>, aux: X];
function jvpOf<A extends unknown[], R>(
  func: (...args: A) => R,
  primals: readonly [...A],
  tangents: readonly [...A],
  options?: JvpOptions & { hasAux?: false },
): [output: R, tangent: Replaced<R, Tensor>];
function jvpOf(
  func: (...args: any[]) => unknown,
  primals: readonly unknown[],
  tangents: readonly unknown[],
  options: JvpOptions = {},
): any {
  checkOptions("jvp", options, ["hasAux", "strict"]);
  if (!Array.isArray(primals))
    throw new ArgumentError("jvp: expected primals to be an array: it should be valid to call f(...primals)");
  const { output, aux, inputs, isNested } = callOn("jvp", func, primals, [...primals.keys()], options.hasAux ?? false);
  const outputs = outputTensors("jvp", output);
  const directions = matching("jvp", "tangents", tangents, primals, inputs);
  const createGraph = isNested || directions.some((v) => v.requiresGrad);
  const pushed = withGrad(true, () => pushforward(outputs.leaves, inputs.leaves)(directions, { createGraph }));
  const results = pushed.map((g, i) => {
    if (g === null && options.strict)
      throw new AutogradError(
        "jvp(f, primals, tangents, { strict: true }): The output of f is independent of the inputs. This is not allowed in strict mode.",
      );
    return g ?? zerosLike(outputs.leaves[i]!);
  });
  const tangent = outputs.rebuild(createGraph ? results : results.map((x) => x.detach()));
  const value = isNested ? output : withoutGraph(output);
  return options.hasAux ? [value, tangent, aux] : [value, tangent];
}
