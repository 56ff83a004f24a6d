/** Whole Jacobians and Hessians. */

import { enableGrad } from "../../autograd/mode";
import { checkFunction } from "../../core/arguments";
import { AutogradError, describe, ValueError } from "../../core/errors";
import { overloaded } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { columns, rows } from "../jacobianParts";
import { checkScalar } from "./products";
import { constant, requireGraph } from "./strict";
import { asTuple, type Each, finished, freshInputs, type TensorFunction, type Tensors, untuple } from "./tuples";

/** Whether a Jacobian is computed by rows (reverse) or by columns (forward). */
export type Strategy = "reverse-mode" | "forward-mode";

/** Options of {@link jacobian}. */
export interface JacobianOptions {
  /** Whether the Jacobian can be differentiated. Default: false. */
  createGraph?: boolean;
  /** Take it for an error, instead of zeros, if an output does not depend on an input. Default: false. */
  strict?: boolean;
  /** Has no effect on the result; PyTorch computes all rows at once with it. Excludes `strict`. Default: false. */
  vectorize?: boolean;
  /** "reverse-mode" (the default) needs a backward per element of the outputs, "forward-mode" one per element of the inputs. */
  strategy?: Strategy;
}

/** The Jacobians of the outputs `O` with respect to the inputs `I`: `jacobian[i][j]` where both are several. */
export type Jacobian<O, I> = Each<O, Each<I, Tensor>>;

function checkJacobianOptions({ strict, vectorize, strategy = "reverse-mode" }: JacobianOptions): void {
  if (strategy !== "reverse-mode" && strategy !== "forward-mode")
    throw new ValueError(
      `Expected strategy to be either "forward-mode" or "reverse-mode", got ${describe(strategy)}. Hint: If your function has more outputs than inputs, "forward-mode" tends to be more performant. Otherwise, prefer to use "reverse-mode".`,
    );
  const clash = strategy === "forward-mode" ? 'strategy: "forward-mode"' : vectorize ? "vectorize: true" : undefined;
  if (strict && clash !== undefined)
    throw new AutogradError(
      `torch.autograd.functional.jacobian: strict: true and ${clash} are not supported together. Please leave out one of them.`,
    );
}

/**
 * The Jacobian of a function, of the output's shape followed by the input's.
 *
 * @param inputs A tensor, or an array of them for a function of several arguments.
 * @returns A tensor for one output and one input, an array where one of them is an array, and `jacobian[i][j]` where both are.
 * @throws AutogradError in strict mode, if an output does not depend on an input.
 * @see torch.autograd.functional.jacobian
 * @example torch.autograd.functional.jacobian((x) => x.exp().sum(1), torch.rand(2, 3)); // [2, 2, 3]
 */
export const jacobian = overloaded(
  "jacobian",
  "func(), inputs; createGraph, strict, vectorize, strategy",
  <I extends Tensors, O extends Tensors>(
    func: TensorFunction<I, O>,
    inputs: I,
    options: JacobianOptions = {},
  ): Jacobian<O, I> => {
    checkFunction("jacobian", "func", func);
    checkJacobianOptions(options);
    const { createGraph = false, strict = false, strategy } = options;
    const given = asTuple(inputs, "inputs", "jacobian");
    return enableGrad(() => {
      const fresh = freshInputs(given.list, createGraph, true);
      const result: unknown = (func as (...xs: readonly Tensor[]) => unknown)(...fresh);
      const outputs = asTuple(result, "outputs of the user-provided function", "jacobian");
      requireGraph(outputs.list, "outputs", strict);
      const parts =
        strategy === "forward-mode"
          ? columns(outputs.list, fresh, { createGraph })
          : rows(outputs.list, fresh, { createGraph, ...(strict && { check: strictly(createGraph) }) });
      return untuple(
        parts.map((row) => untuple(finished(row, createGraph), given)),
        outputs,
      ) as Jacobian<O, I>;
    });
  },
);

const strictly =
  (createGraph: boolean) =>
  (g: Tensor | null, output: number, input: number): void => {
    if (g === null)
      throw new AutogradError(
        `Output ${output} of the user-provided function is independent of input ${input}. This is not allowed in strict mode.`,
      );
    if (createGraph && !g.requiresGrad) throw new AutogradError(constant("back", input));
  };

/** {@link jacobian} as a part of other functions, whose errors speak of them. */
const jacobianOf = jacobian.implementation;

/** Options of {@link hessian}. */
export interface HessianOptions extends Omit<JacobianOptions, "strategy"> {
  /** The strategy of the Jacobian of the gradient; the gradient itself is always computed in reverse. Default: "reverse-mode". */
  outerJacobianStrategy?: Strategy;
}

/**
 * The Hessian of a function with one element as its result: of the shape of the input, twice.
 *
 * @returns A tensor for one input, `hessian[i][j]` for several.
 * @throws AutogradError if the result is not one tensor of one element, or in strict mode, if a derivative does not depend on an input.
 * @see torch.autograd.functional.hessian
 * @example torch.autograd.functional.hessian((x) => x.pow(3).sum(), torch.rand(2)); // [2, 2]
 */
export const hessian = overloaded(
  "hessian",
  "func(), inputs; createGraph, strict, vectorize, outerJacobianStrategy",
  <I extends Tensors>(
    func: TensorFunction<I, Tensor>,
    inputs: I,
    options: HessianOptions = {},
  ): Each<I, Each<I, Tensor>> => {
    checkFunction("hessian", "func", func);
    const { outerJacobianStrategy, ...rest } = options;
    const given = asTuple(inputs, "inputs", "hessian");
    const scalar = (...xs: Tensor[]): Tensor => {
      const outputs = asTuple(
        (func as (...xs: Tensor[]) => unknown)(...xs),
        "outputs of the user-provided function",
        "hessian",
      );
      requireGraph(outputs.list, "outputs", options.strict ?? false);
      checkScalar("hessian", outputs);
      return outputs.list[0]!.squeeze();
    };
    const gradient = (...xs: Tensor[]): Tensor[] => {
      const first = jacobianOf(scalar, xs, { createGraph: true }) as Tensor[];
      requireGraph(first, "jacobian", options.strict ?? false);
      return first;
    };
    const outer = { ...rest, ...(outerJacobianStrategy && { strategy: outerJacobianStrategy }) };
    const parts = jacobianOf(gradient, given.list, outer) as unknown as readonly (readonly Tensor[])[];
    return untuple(
      parts.map((row) => untuple(row, given)),
      given,
    ) as Each<I, Each<I, Tensor>>;
  },
);
