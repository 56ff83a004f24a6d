/** Products of a function's Jacobian or Hessian with a vector. */

import { enableGrad, isGradEnabled, withGrad } from "../../autograd/mode";
import { checkFlag, checkFunction } from "../../core/arguments";
import { AutogradError } from "../../core/errors";
import { overloaded } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { gradOrNull, pushforward } from "../jacobianParts";
import { requireGraph, withZeros } from "./strict";
import {
  asTuple,
  type Each,
  finished,
  freshInputs,
  type TensorFunction,
  type Tensors,
  type Tuple,
  untuple,
  vectorFor,
} from "./tuples";

/** Options of the products. */
export interface ProductOptions {
  /** Whether output and product can be differentiated. Default: false. */
  createGraph?: boolean;
  /** Take it for an error, instead of zeros, if an output does not depend on an input. Default: false. */
  strict?: boolean;
}

/** Everything that a product needs of a call. */
interface Call {
  readonly inputs: Tuple;
  readonly outputs: Tuple;
  readonly createGraph: boolean;
  readonly strict: boolean;
  /** What was given as `v`. */
  readonly v: unknown;
}

/** Calls `func` on fresh inputs. */
function call(op: string, func: unknown, inputs: unknown, v: unknown, options: ProductOptions): Call {
  checkFunction(op, "func", func);
  const { createGraph = false, strict = false } = options;
  checkFlag(op, "createGraph", createGraph);
  checkFlag(op, "strict", strict);
  const given = asTuple(inputs, "inputs", op);
  const fresh = { ...given, list: freshInputs(given.list, createGraph, true) };
  const result = (func as (...xs: readonly Tensor[]) => unknown)(...fresh.list);
  const outputs = asTuple(result, "outputs of the user-provided function", op);
  requireGraph(outputs.list, "outputs", strict);
  return { inputs: fresh, outputs, createGraph, strict, v };
}

/** What the user gets: the output of the function, and the product in the form of what it belongs to. */
function answer({ outputs, createGraph }: Call, product: readonly Tensor[], form: Tuple): [any, any] {
  return [untuple(finished(outputs.list, createGraph), outputs), untuple(finished(product, createGraph), form)];
}

/** Runs the last backward in the mode around the call, or recording if its result is to be differentiated. */
const lastly = <R>(ambient: boolean, createGraph: boolean, body: () => R): R => withGrad(createGraph || ambient, body);

/**
 * The output of `func`, and the product of a vector with its Jacobian.
 *
 * @param inputs A tensor, or an array of them for a function of several arguments.
 * @param v Of the shape of the output; may be left out if that has one element.
 * @returns `[output, product]`, the product in the form of `inputs`.
 * @throws AutogradError if `v` does not fit.
 * @see torch.autograd.functional.vjp
 * @example const [y, dx] = torch.autograd.functional.vjp((x) => x.exp().sum(1), x, torch.ones(4));
 */
export const vjp = overloaded(
  "vjp",
  "func(), inputs, v?; createGraph, strict",
  <I extends Tensors, O extends Tensors>(
    func: TensorFunction<I, O>,
    inputs: I,
    v?: Tensors | null,
    options: ProductOptions = {},
  ): [output: Each<O, Tensor>, product: Each<I, Tensor>] => {
    const ambient = isGradEnabled();
    const c = enableGrad(() => call("vjp", func, inputs, v, options));
    const vector = vectorFor(c.v, c.outputs, "vjp", "output", c.createGraph);
    const product = lastly(ambient, c.createGraph, () => {
      const grads = gradOrNull(c.outputs.list, c.inputs.list, vector ?? [null], c);
      return withZeros(grads, c.inputs.list, "back", c);
    });
    return answer(c, product, c.inputs);
  },
);

/**
 * The output of `func`, and the product of its Jacobian with a vector, by differentiating backward itself.
 *
 * @param v Of the shape of the inputs; may be left out if they are a tensor of one element.
 * @returns `[output, product]`, the product in the form of the output.
 * @throws AutogradError if `v` does not fit.
 * @see torch.autograd.functional.jvp
 */
export const jvp = overloaded(
  "jvp",
  "func(), inputs, v?; createGraph, strict",
  <I extends Tensors, O extends Tensors>(
    func: TensorFunction<I, O>,
    inputs: I,
    v?: Tensors | null,
    options: ProductOptions = {},
  ): [output: Each<O, Tensor>, product: Each<O, Tensor>] => {
    const ambient = isGradEnabled();
    return enableGrad(() => {
      const given = asTuple(inputs, "inputs", "jvp");
      const vector = vectorFor(v, given, "jvp", "input", options.createGraph ?? false);
      const c = call("jvp", func, inputs, v, options);
      const push = pushforward(c.outputs.list, c.inputs.list, (grads) => requireGraph(grads, "grad_inputs", c.strict));
      const product = lastly(ambient, c.createGraph, () =>
        withZeros(push(vector ?? [ones(given)], c), c.outputs.list, "back_trick", c),
      );
      return answer(c, product, c.outputs);
    });
  },
);

const ones = ({ list }: Tuple): Tensor => list[0]!.newOnes(list[0]!.shape);

/** {@link call} for functions with one element as their result, with the gradient of that, which can be differentiated. */
function callScalar(op: string, func: unknown, inputs: unknown, v: unknown, options: ProductOptions) {
  checkFunction(op, "func", func);
  const given = asTuple(inputs, "inputs", op);
  const vector = vectorFor(v, given, op, "input", options.createGraph ?? false) ?? [ones(given)];
  const c = call(op, func, inputs, v, options);
  checkScalar(op, c.outputs);
  const jacobian = gradOrNull(c.outputs.list, c.inputs.list, [null], { createGraph: true });
  requireGraph(jacobian, "jacobian", c.strict);
  return { c, jacobian, vector };
}

/** @throws AutogradError unless the result is one tensor of one element. */
export function checkScalar(op: string, { isTuple, list }: Tuple): void {
  if (isTuple) throw new AutogradError(`The function given to ${op} should return a single Tensor`);
  if (list[0]!.numel() !== 1)
    throw new AutogradError(`The Tensor returned by the function given to ${op} should contain a single element`);
}

/**
 * The output of a function with one element as its result, and the product of a vector with its Hessian.
 *
 * @param v Of the shape of the inputs; may be left out if they are a tensor of one element.
 * @returns `[output, product]`, the product in the form of `inputs`.
 * @throws AutogradError if `v` does not fit, or if the result has several elements.
 * @see torch.autograd.functional.vhp
 */
export const vhp = overloaded(
  "vhp",
  "func(), inputs, v?; createGraph, strict",
  <I extends Tensors>(
    func: TensorFunction<I, Tensor>,
    inputs: I,
    v?: Tensors | null,
    options: ProductOptions = {},
  ): [output: Tensor, product: Each<I, Tensor>] => {
    const ambient = isGradEnabled();
    return enableGrad(() => {
      const { c, jacobian, vector } = callScalar("vhp", func, inputs, v, options);
      const places = jacobian.flatMap((g, i) => (g === null ? [] : [i]));
      const product = lastly(ambient, c.createGraph, () => {
        const pick = <T>(list: readonly T[]) => places.map((i) => list[i]!);
        const grads = gradOrNull(pick(jacobian) as Tensor[], c.inputs.list, pick(vector), c);
        return withZeros(grads, c.inputs.list, "double_back", c);
      });
      return answer(c, product, c.inputs);
    });
  },
);

/**
 * {@link vhp} with the vector on the other side, by one more backward. The Hessian of a function that is twice continuously differentiable
 * is symmetric, so that `vhp` gives the same and is faster.
 * @see torch.autograd.functional.hvp
 */
export const hvp = overloaded(
  "hvp",
  "func(), inputs, v?; createGraph, strict",
  <I extends Tensors>(
    func: TensorFunction<I, Tensor>,
    inputs: I,
    v?: Tensors | null,
    options: ProductOptions = {},
  ): [output: Tensor, product: Each<I, Tensor>] => {
    const ambient = isGradEnabled();
    return enableGrad(() => {
      const { c, jacobian, vector } = callScalar("hvp", func, inputs, v, options);
      const known = jacobian.map((g, i) => g ?? c.inputs.list[i]!.newZeros(c.inputs.list[i]!.shape));
      const push = pushforward(known, c.inputs.list);
      const product = lastly(ambient, c.createGraph, () =>
        withZeros(push(vector, c), c.inputs.list, "double_back_trick", c),
      );
      return answer(c, product, c.inputs);
    });
  },
);
