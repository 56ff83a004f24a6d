/** Samples of the gamma and Dirichlet distributions with gradients for their parameters. */
import { record } from "../../autograd/node";
import { AutogradError } from "../../core/errors";
import { defaultGenerator } from "../../core/generator";
import type { FloatArray } from "../../core/random";
import * as random from "../../core/random";
import { cast, computeType } from "../../ops/builders/define";
import { checkFloat, type Draw, sampleInto } from "../../ops/random/draw";
import { allocate } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { betaGrad, gammaGrad } from "./implicitGrad";

function valuesOf(op: string, x: Tensor): FloatArray {
  checkFloat(op, x.dtype);
  return cast(x.detach(), computeType(x.dtype)).toTypedArray() as FloatArray;
}

/** A tensor like the first whose elements are `f` of those at the same places. It has no derivative: going back through it is an error. */
function zipValues(op: string, inputs: readonly Tensor[], f: (...values: number[]) => number): Tensor {
  const [x] = inputs as [Tensor];
  const given = inputs.map((input) => valuesOf(op, input));
  const y = allocate(x.shape, x.dtype, x);
  sampleInto(y, (out) => {
    for (let i = 0; i < out.length; i++) out[i] = f(...given.map((values) => values[i]!));
  });
  return record(`${op}Backward0`, y, inputs, [], () => {
    throw new AutogradError(`the derivative for '${op}' is not implemented: samples can be differentiated once`);
  });
}

function drawGamma(concentration: Tensor): Draw {
  if (!concentration.storage.backend.readsAtOnce) {
    const onDevice = { kind: "gamma", generator: defaultGenerator, given: [concentration] } as const;
    return Object.assign(() => {}, { onDevice });
  }
  const shapes = valuesOf("standardGamma", concentration);
  return (out) => random.standardGamma(out as FloatArray, shapes);
}

/** Numbers drawn from Gamma(concentration, 1), with gradients. @see torch._standard_gamma */
export function standardGamma(concentration: Tensor): Tensor {
  const y = allocate(concentration.shape, concentration.dtype, concentration);
  sampleInto(y, drawGamma(concentration));
  return record(
    "StandardGammaBackward0",
    y,
    [concentration],
    [concentration, y],
    [(g, [alpha, x]) => g.mul(zipValues("StandardGammaGrad", [alpha!, x!], gammaGrad))],
  );
}

/**
 * Numbers drawn from Dirichlet distributions along the last axis, with gradients: gamma numbers in double precision over their sum.
 * @see torch._sample_dirichlet
 */
export function sampleDirichlet(concentration: Tensor): Tensor {
  const shapes = Float64Array.from(valuesOf("sampleDirichlet", concentration));
  const drawn = new Float64Array(shapes.length);
  random.standardGamma(drawn, shapes);
  const y = allocate(concentration.shape, concentration.dtype, concentration);
  sampleInto(y, (out) => normalizeRows(out as FloatArray, drawn, concentration.shape.at(-1)!));
  return record(
    "DirichletBackward",
    y,
    [concentration],
    [concentration, y],
    [
      (g, [alpha, x]) => {
        const total = alpha!.sum(-1, { keepdim: true }).expand(alpha!.shape);
        const grad = zipValues("DirichletGrad", [x!, alpha!, total], betaGrad);
        return grad.mul(g.sub(x!.mul(g).sum(-1, { keepdim: true })));
      },
    ],
  );
}

/** Divides rows by their sums; the results lie strictly between zero and one. */
function normalizeRows(out: FloatArray, values: Float64Array, n: number): void {
  const [least, most] = out instanceof Float64Array ? [2 ** -1022, 1 - 2 ** -53] : [2 ** -126, 1 - 2 ** -24];
  for (let start = 0; start < values.length; start += n) {
    const row = values.subarray(start, start + n);
    const sum = row.reduce((a, b) => a + b, 0);
    for (let i = 0; i < n; i++) out[start + i] = Math.min(most, Math.max(least, row[i]! / sum));
  }
}
