/** `backward` and `grad`: what starts a pass over the graph, and what is done with its results. */

import { checkFlag } from "../core/arguments";
import { ArgumentError, AutogradError, DeviceError, describe, ValueError } from "../core/errors";
import type { Items } from "../core/items";
import { sameShape, shapeText } from "../core/shape";
import { named, overloaded } from "../core/signature";
import { areModesUnclear } from "../platform/mode";
import { allocate, filled } from "../tensor/create";
import { Tensor } from "../tensor/tensor";
import { alias, type Captures, type Pass, retain, walk } from "./engine";
import { enableGrad, noGrad } from "./mode";
import { type Edge, edgeOf } from "./node";

/** Options common to {@link backward} and {@link grad}. */
interface PassOptions {
  /** Keep what was saved, so that backward can run through the graph again. Default: the value of `createGraph`. */
  retainGraph?: boolean;
  /** Record backward itself, for derivatives of higher order. Default: false. */
  createGraph?: boolean;
}

/** Options of {@link backward}. */
export interface BackwardOptions extends PassOptions {
  /** The only tensors to whose `grad` is added, leaves or not. Default: all leaves. */
  inputs?: Tensor | readonly Tensor[];
}

/** Options of {@link grad}. */
export interface GradOptions extends PassOptions {
  /** A gradient per output, as the vector of the vector–Jacobian product. Default: 1 for outputs of one element. */
  gradOutputs?: Tensor | readonly (Tensor | null)[];
  /** Give null, instead of an error, for an input that the outputs do not depend on. Default: the value of `materializeGrads`. */
  allowUnused?: boolean;
  /** Accepted and without effect, as in PyTorch. */
  onlyInputs?: boolean;
  /** Whether `gradOutputs` have a further first axis, of gradients of which each gives a row of the results. Default: false. */
  isGradsBatched?: boolean;
  /** Give zeros, instead of an error or null, for an input that the outputs do not depend on. Default: false. */
  materializeGrads?: boolean;
}

const asList = <T>(x: T | readonly T[]): readonly T[] => (Array.isArray(x) ? x : [x]) as readonly T[];

/** Makes or checks the gradient that backward starts with. */
function rootGrad(op: string, output: Tensor, grad: Tensor | null | undefined): Tensor {
  if (!(output instanceof Tensor)) throw new ArgumentError(`${op}: outputs must be tensors, got ${describe(output)}`);
  if (grad !== undefined && grad !== null && !(grad instanceof Tensor))
    throw new ArgumentError(
      `${op}: a gradient must be a Tensor or null, got ${describe(grad)}; options are the argument after it`,
    );
  if (!output.requiresGrad)
    throw new AutogradError(
      `${op}: element 0 of tensors does not require grad and does not have a gradFn${
        areModesUnclear()
          ? "; an async scope such as noGrad(async () => …) is open, and this runtime has no AsyncLocalStorage to tell its code from other code: await it first"
          : ""
      }`,
    );
  if (grad) {
    if (!sameShape(grad.shape, output.shape))
      throw new AutogradError(
        `${op}: Mismatch in shape: grad_output[0] has a shape of ${shapeText(grad.shape)} and output[0] has a shape of ${shapeText(output.shape)}.`,
      );
    if (grad.device !== output.device)
      throw new DeviceError(
        `${op}: Mismatch in device: grad_output[0] is on ${grad.device} and output[0] is on ${output.device}.`,
      );
    return alias(grad);
  }
  if (output.numel() !== 1)
    throw new AutogradError(
      `${op}: grad can be implicitly created only for scalar outputs: the output has shape ${shapeText(output.shape)}; pass a gradient of that shape, or reduce it first, for example with sum()`,
    );
  return filled(allocate(output.shape, output.dtype, output), 1);
}

/** Runs a pass from the outputs; gives the gradients that it captured. */
function run(
  op: string,
  outputs: Tensor | readonly Tensor[],
  gradients: Tensor | readonly (Tensor | null)[] | null | undefined,
  options: PassOptions,
  captured?: readonly Tensor[],
  accumulates = false,
): readonly (Tensor | undefined)[] {
  const list = asList(outputs);
  const given = gradients === undefined || gradients === null ? undefined : asList(gradients);
  if (given !== undefined && given.length !== list.length)
    throw new AutogradError(`${op}: got ${list.length} tensors and ${given.length} gradients`);
  const createGraph = options.createGraph ?? false;
  const retainGraph = options.retainGraph ?? createGraph;
  checkFlag(op, "createGraph", createGraph);
  checkFlag(op, "retainGraph", retainGraph);
  for (const x of captured ?? [])
    if (!(x instanceof Tensor)) throw new ArgumentError(`${op}: inputs must be tensors, got ${describe(x)}`);
  const captures = captured && capturesOf(op, captured);
  const pass: Pass = { createGraph, retainGraph, captures, accumulates, results: [] };
  const mode = createGraph ? enableGrad : noGrad;
  const edges: Edge[] = [];
  const grads: Tensor[] = [];
  list.forEach((output, i) => {
    grads.push(rootGrad(op, output, given?.[i]));
    edges.push(edgeOf(output)!);
  });
  mode(() => walk(edges, grads, pass));
  return pass.results;
}

function capturesOf(op: string, inputs: readonly Tensor[]): Captures {
  const captures: Captures = new Map();
  inputs.forEach((x, place) => {
    const edge = edgeOf(x);
    if (edge === null) throw new AutogradError(`${op}: One of the differentiated Tensors does not require grad`);
    const places = captures.get(edge.node) ?? new Map<number, number[]>();
    captures.set(edge.node, places);
    places.set(edge.index, [...(places.get(edge.index) ?? []), place]);
  });
  return captures;
}

/**
 * Adds the gradients of the outputs to the `grad` of the leaves that they were computed from.
 * @param gradients One per output, as the vector of the vector–Jacobian product. Default: 1 for outputs of one element.
 * @throws AutogradError if an output does not require grad, or if the graph was freed by an earlier pass.
 * @see torch.autograd.backward
 */
export const backward = named(
  "backward",
  "tensors(), gradTensors?; retainGraph, createGraph; inputs",
  (
    outputs: Tensor | readonly Tensor[],
    gradients?: Tensor | readonly (Tensor | null)[] | null,
    options: BackwardOptions = {},
  ): void => {
    if (options.inputs === undefined) {
      run("backward", outputs, gradients, options);
      return;
    }
    const inputs = asList(options.inputs);
    if (inputs.length === 0) throw new ValueError("'inputs' argument to backward() cannot be empty.");
    const results = run("backward", outputs, gradients, options, inputs, true);
    const mode = options.createGraph ? enableGrad : noGrad;
    mode(() =>
      inputs.forEach((x, i) => {
        const g = results[i];
        if (g !== undefined && !x.isLeaf) retain(x, g);
      }),
    );
  },
);

/** A gradient for every input. */
export type Gradients<I extends Tensor | readonly Tensor[], G = Tensor> = I extends readonly Tensor[]
  ? number extends I["length"]
    ? G[] & Items<G>
    : { -readonly [K in keyof I]: G }
  : [G];

/**
 * The gradients of the outputs with respect to the inputs, summed over outputs, without touching any `grad`.
 * @see torch.autograd.grad
 * @throws AutogradError if an input does not require grad or, without `allowUnused`, was not used.
 * @example const [dx] = torch.autograd.grad(y, [x], { createGraph: true });
 */
export const grad = overloaded(
  "grad",
  "outputs(), inputs; gradOutputs, retainGraph, createGraph, onlyInputs, allowUnused, isGradsBatched; materializeGrads",
  gradientsOf,
);

function gradientsOf<const I extends Tensor | readonly Tensor[]>(
  outputs: Tensor | readonly Tensor[],
  inputs: I,
  options: GradOptions & { allowUnused: true },
): Gradients<I, Tensor | null>;
function gradientsOf<const I extends Tensor | readonly Tensor[]>(
  outputs: Tensor | readonly Tensor[],
  inputs: I,
  options?: GradOptions,
): Gradients<I>;
function gradientsOf(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options: GradOptions = {},
): (Tensor | null)[] {
  const wanted = asList(inputs);
  if (wanted.length === 0) throw new ValueError("grad requires non-empty inputs.");
  const { materializeGrads = false, allowUnused = materializeGrads, isGradsBatched = false } = options;
  if (checkFlag("grad", "isGradsBatched", isGradsBatched)) return batchedGradients(outputs, wanted, options);
  if (materializeGrads && !allowUnused)
    throw new ValueError("Expected allowUnused to be true or not passed when materializeGrads: true");
  const results = run("grad", outputs, options.gradOutputs, options, wanted);
  return wanted.map((x, i) => {
    const g = results[i];
    if (g === undefined && materializeGrads) return x.newZeros(x.shape);
    if (g === undefined && !allowUnused)
      throw new AutogradError(
        "grad: One of the differentiated Tensors appears to not have been used in the graph. Set allowUnused: true if this is the desired behavior.",
      );
    return g ?? null;
  });
}

/** The gradients for each row of `gradOutputs`, stacked. */
function batchedGradients(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  { gradOutputs, isGradsBatched: _, ...options }: GradOptions,
): (Tensor | null)[] {
  const given = asList(gradOutputs as Tensor | readonly (Tensor | null)[] | undefined);
  const size = given.find((g) => g instanceof Tensor)?.shape[0];
  if (size === undefined)
    throw new ValueError("grad: gradOutputs must be tensors with a first axis where isGradsBatched is true");
  const retainGraph = options.retainGraph ?? options.createGraph ?? false;
  const rows = Array.from({ length: size }, (_row, i) =>
    gradientsOf(outputs, inputs, {
      ...options,
      gradOutputs: given.map((g) => g?.select(0, i) ?? null),
      retainGraph: retainGraph || i < size - 1,
    }),
  );
  return inputs.map((x, i) => {
    if (rows[0]?.[i] == null) return null;
    return rows.reduce((all, row, k) => all.selectScatter(row[i]!, 0, k), x.newZeros([size, ...x.shape]));
  });
}
