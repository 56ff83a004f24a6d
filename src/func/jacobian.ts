/** Functions from functions: Jacobians and Hessians. */

import { enableGrad } from "../autograd/mode";
import { checkFunction } from "../core/arguments";
import { overloaded } from "../core/signature";
import type { Tensor } from "../tensor/tensor";
import { type Argnums, type AtArgnums, callOn, outputTensors } from "./differentiate";
import type { TransformOptions } from "./grad";
import { columns, rows } from "./jacobianParts";
import type { Replaced } from "./tree";

/** For each tensor of the output `R`, for each tensor of the arguments `A` at `N`, their Jacobian. */
type Jacobian<R, A extends readonly unknown[], N extends Argnums> = Replaced<R, Replaced<AtArgnums<A, N>, Tensor>>;

/** Functions that make a function into that of its Jacobian. */
interface JacobianTransform {
  <A extends unknown[], R, X, const N extends Argnums = 0>(
    func: (...args: A) => readonly [R, X],
    options: TransformOptions<N, true> & { hasAux: true },
  ): (...args: A) => [jacobian: Jacobian<R, A, N>, aux: X];
  <A extends unknown[], R, const N extends Argnums = 0>(
    func: (...args: A) => R,
    options?: TransformOptions<N, false>,
  ): (...args: A) => Jacobian<R, A, N>;
}

function transform(op: string, parts: typeof rows) {
  const implementation = (func: (...args: any[]) => unknown, options: TransformOptions = {}) => {
    checkFunction(op, "func", func);
    const { argnums = 0, hasAux = false } = options;
    return (...args: unknown[]): any => {
      const { output, aux, inputs, isNested } = callOn(op, func, args, argnums, hasAux);
      const outputs = outputTensors(op, output);
      const found = enableGrad(() => parts(outputs.leaves, inputs.leaves, { createGraph: isNested }));
      const jacobian = outputs.rebuild(found.map((row) => inputs.rebuild(row)));
      return hasAux ? [jacobian, aux] : jacobian;
    };
  };
  return overloaded(op, "func(); argnums, hasAux", implementation as JacobianTransform);
}

/**
 * A function that gives the Jacobian of `func` with respect to its first argument or those at `argnums`, by one backward per element of the output.
 * The shape is that of the output followed by that of the argument; nested outputs and arguments give nested Jacobians.
 *
 * @see torch.func.jacrev
 * @example torch.func.jacrev((x) => x.sin())(x); // diag(cos(x))
 */
export const jacrev = transform("jacrev", rows);

/**
 * {@link jacrev} by one pass per element of the argument, for functions with fewer inputs than outputs. The passes run through the backward
 * of the backward, so `func` has to be differentiable twice.
 * @see torch.func.jacfwd
 */
export const jacfwd = transform("jacfwd", columns);

/**
 * A function that gives the Hessian of `func`: the Jacobian of its Jacobian, both in reverse, so that `func` has to be differentiable no more than
 * twice.
 * @see torch.func.hessian
 * @example torch.func.hessian((x) => x.sin().sum())(x); // diag(-sin(x))
 */
export const hessian = overloaded(
  "hessian",
  "func(); argnums",
  <A extends unknown[], R, const N extends Argnums = 0>(
    func: (...args: A) => R,
    options: Omit<TransformOptions<N>, "hasAux"> = {},
  ): ((...args: A) => Jacobian<Jacobian<R, A, N>, A, N>) => {
    checkFunction("hessian", "func", func);
    const first = jacrev(func as (...args: A) => unknown, options as TransformOptions<N, false>);
    return jacrev(first, options as TransformOptions<N, false>) as (...args: A) => Jacobian<Jacobian<R, A, N>, A, N>;
  },
);
