/** How the three maps of a convolution are computed: y from x and w, and the gradients of x and of w. */
import type { Operand } from "../../backend/backend";
import { allocate, filled } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { type ConvPass, type Geometry, gradientFlag, type Plan, planOf } from "./convPlan";

const shapes = {
  forward: (g: Geometry) => [g.n, g.o, ...g.output],
  inputGrad: (g: Geometry) => [g.n, g.c, ...g.input],
  weightGrad: (g: Geometry) => [g.o, g.c / g.groups, ...g.kernel],
};

const kernels = { inputGrad: "convInputGrad", weightGrad: "convWeightGrad" } as const;

/** Runs one of the maps on its two operands, and for y the bias, into a new tensor. Records nothing. */
export function convolution(pass: ConvPass, a: Tensor, b: Tensor, bias: Tensor | undefined, g: Geometry): Tensor {
  if (g.seen !== undefined) return skipping(pass, a, b, bias, g, g.seen);
  const { backend } = a.storage;
  const plan = planOf(pass, a.dtype, g, backend);
  const y = allocate(shapes[pass](g), a.dtype, a);
  const first = a.contiguous();
  const second = b.contiguous();
  const plus = bias?.contiguous();
  if (plan.tile > 0) tiled(y, first, second, plus, g, plan);
  else if (pass === "forward") backend.call("conv", y.dtype, [plan.way, y, first, second, plus, g.words], plan.work);
  else backend.call(kernels[pass], y.dtype, [plan.way, y, first, second, g.words], plan.work);
  return y;
}

/** As the convolution of the elements that are seen, which are copied from x, or to its gradient. */
function skipping(pass: ConvPass, a: Tensor, b: Tensor, bias: Tensor | undefined, g: Geometry, seen: Geometry): Tensor {
  const { backend } = a.storage;
  if (pass === "inputGrad") {
    const gx = filled(allocate(shapes.inputGrad(g), a.dtype, a), 0);
    const part = convolution(pass, a, b, undefined, seen);
    backend.copy(seenOf(gx, g), part);
    part.dispose();
    return gx;
  }
  const x = pass === "forward" ? a : b;
  const part = allocate(shapes.inputGrad(seen), x.dtype, x);
  backend.copy(part, seenOf(x, g));
  const y = pass === "forward" ? convolution(pass, part, b, bias, seen) : convolution(pass, a, part, undefined, seen);
  part.dispose();
  return y;
}

/** The elements of x that a kernel of one tap sees. */
const seenOf = ({ storage, dtype, offset, strides }: Tensor, { n, c, output, stride }: Geometry): Operand => ({
  storage,
  dtype,
  offset,
  shape: [n, c, ...output],
  strides: strides.map((step, axis) => (axis < 2 ? step : step * stride[axis - 2]!)),
});

/** In tiles, from transformed operands. */
function tiled(y: Tensor, a: Tensor, b: Tensor, bias: Tensor | undefined, { words }: Geometry, plan: Plan): void {
  const { backend, pass, tile, weights, work } = plan;
  if (weights === undefined) {
    backend.call("winogradWeightGrad", undefined, [y, a, b, words], work);
    return;
  }
  const gradient = gradientFlag(pass);
  const u = allocate([weights.size], "float32", b);
  backend.call("winogradWeights", undefined, [u, b, words, tile, gradient], weights.work);
  backend.call("winograd", undefined, [y, a, u, bias, words, tile, gradient], work);
  u.dispose();
}

/** The gradient of the bias: the sum of each channel of gy. */
export function channelSums(gy: Tensor, g: Geometry): Tensor {
  const gb = allocate([g.o], gy.dtype, gy);
  gy.storage.backend.call("convBiasGrad", gy.dtype, [gb, gy.contiguous(), g.words], {
    range: g.o,
    cost: gy.numel() * 0.3,
  });
  return gb;
}
