/** Jacobians of tensors that are in the graph, row by row or column by column. */
import { grad } from "../autograd/backward";
import { stack } from "../ops/shape/join";
import { tensor } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";

/** Options of {@link rows} and {@link columns}. */
export interface PartsOptions {
  /** Whether the result can be differentiated. */
  readonly createGraph: boolean;
  /** Told of every gradient, null where an output does not depend on an input. */
  readonly check?: (g: Tensor | null, output: number, input: number) => void;
}

/** The tensors like `x` that are 1 at one element and 0 elsewhere. */
function* basis(x: Tensor): Generator<Tensor> {
  for (let i = 0; i < x.numel(); i++) {
    const values = new Float64Array(x.numel());
    values[i] = 1;
    yield tensor(values, { dtype: x.dtype, device: x.device }).reshape(x.shape);
  }
}

const zerosLike = (x: Tensor): Tensor => x.newZeros(x.shape);

/** `autograd.grad` for outputs of which some may not require grad, and inputs of which some may not be used. */
export function gradOrNull(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  gradOutputs: readonly (Tensor | null)[],
  { createGraph, retainGraph = createGraph }: { createGraph: boolean; retainGraph?: boolean },
): (Tensor | null)[] {
  const places = outputs.flatMap((y, i) => (y.requiresGrad ? [i] : []));
  if (places.length === 0) return inputs.map(() => null);
  const pick = <T>(list: readonly T[]): T[] => places.map((i) => list[i]!);
  return grad(pick(outputs), inputs, {
    createGraph,
    retainGraph,
    gradOutputs: pick(gradOutputs),
    allowUnused: true,
  });
}

/**
 * For each output and input their Jacobian, of the output's shape followed by the input's: one backward per element of the outputs.
 * The graph is retained.
 */
export function rows(outputs: readonly Tensor[], inputs: readonly Tensor[], options: PartsOptions): Tensor[][] {
  const { createGraph, check } = options;
  return outputs.map((y, o) => {
    const found = inputs.map((): Tensor[] => []);
    for (const unit of basis(y))
      gradOrNull([y], inputs, [unit], { createGraph, retainGraph: true }).forEach((g, i) => {
        check?.(g, o, i);
        found[i]!.push(g ?? zerosLike(inputs[i]!));
      });
    return inputs.map((x, i) => joined(found[i]!, 0, y, x));
  });
}

/**
 * The same by one pass per element of the inputs, for functions with few inputs. The passes run through the backward of the backward, which is
 * linear in the gradients of the outputs: its derivative with respect to them is the Jacobian's product with a vector.
 */
export function columns(outputs: readonly Tensor[], inputs: readonly Tensor[], options: PartsOptions): Tensor[][] {
  const push = pushforward(outputs, inputs);
  const found = outputs.map(() => inputs.map((): Tensor[] => []));
  inputs.forEach((x, i) => {
    for (const unit of basis(x)) {
      const tangents = inputs.map((other, k) => (k === i ? unit : zerosLike(other)));
      push(tangents, { createGraph: options.createGraph, retainGraph: true }).forEach((g, o) => {
        found[o]![i]!.push(g ?? zerosLike(outputs[o]!));
      });
    }
  });
  return outputs.map((y, o) => inputs.map((x, i) => joined(found[o]![i]!, -1, y, x)));
}

/**
 * A function that gives, by output, the derivative of the outputs in the direction of `tangents`; null where there is none.
 * @param check Told of the gradients of the inputs.
 */
export function pushforward(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  check?: (pulled: readonly (Tensor | null)[]) => void,
): (
  tangents: readonly (Tensor | null)[],
  options: { createGraph: boolean; retainGraph?: boolean },
) => (Tensor | null)[] {
  const cotangents = outputs.map((y) => zerosLike(y).requiresGrad_(y.isFloatingPoint()));
  const pulled = gradOrNull(outputs, inputs, cotangents, { createGraph: true });
  check?.(pulled);
  const places = pulled.flatMap((g, i) => (g === null ? [] : [i]));
  return (tangents, options) =>
    gradOrNull(
      places.map((i) => pulled[i]!),
      cotangents,
      places.map((i) => tangents[i] ?? null),
      options,
    );
}

function joined(parts: readonly Tensor[], dim: number, y: Tensor, x: Tensor): Tensor {
  const shape = [...y.shape, ...x.shape];
  return parts.length === 0 ? (dim === 0 ? x : y).newZeros(shape) : stack(parts, dim).reshape(shape);
}
