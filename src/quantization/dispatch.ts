/** The ops that take quantized tensors, by the names of the functions that users call. */
import { KindlingError } from "../core/errors";
import { shapeText } from "../core/shape";
import * as F from "../nn/functional/index";
import { cat } from "../ops/shape/join";
import { allocate } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import { quantizeBy } from "./functional";
import { checkQuantized, computeBy, isSimulated, perTensor, QuantizedTensor } from "./quantizedTensor";

type Options = Readonly<Record<string, any>>;
type Compute = (x: any, ...given: any[]) => unknown;

/** Ops that only look at the integers in another way. */
const shapes = [
  ...["view", "reshape", "flatten", "permute", "transpose", "squeeze", "unsqueeze", "contiguous", "clone", "select"],
  ...["narrow", "expand", "detach", "movedim", "swapaxes", "t", "unflatten", "viewAs"],
];

const like = (x: QuantizedTensor, values: Tensor): QuantizedTensor => new QuantizedTensor(values, x.dtype, x.quantizer);

function shaped(op: string): Compute {
  return (x: QuantizedTensor, ...given: unknown[]) => {
    // Scales per channel belong to an axis, which would have to move along.
    perTensor(op, x);
    const method = (x.values as unknown as Record<string, (...args: unknown[]) => Tensor>)[op]!;
    return like(
      x,
      method.apply(
        x.values,
        given.filter((value) => value !== undefined),
      ),
    );
  };
}

/** Means of integers, from the zero point, with the same scale. */
function means(compute: (x: Tensor, ...given: any[]) => Tensor): Compute {
  return (x: QuantizedTensor, ...given: unknown[]) => {
    const { zeroPoint } = perTensor("mean", x);
    if (isSimulated(x)) return quantizeBy(compute(x.dequantize(), ...given), x.dtype, x.quantizer);
    const steps = compute(x.values.float().sub(zeroPoint), ...given).round();
    return like(x, steps.add(zeroPoint).to(x.values.dtype));
  };
}

/** The numbers of a quantized tensor through an op, with the same scale. */
function throughNumbers(compute: (x: Tensor, ...given: any[]) => Tensor): Compute {
  return (x: QuantizedTensor, ...given: unknown[]) => {
    perTensor("dequantize", x);
    return quantizeBy(compute(x.dequantize(), ...given), x.dtype, x.quantizer);
  };
}

const limited = (x: QuantizedTensor, min: number | undefined, max: number | undefined): QuantizedTensor => {
  if (isSimulated(x))
    return throughNumbers((y) => y.clamp({ ...(min != null && { min }), ...(max != null && { max }) }))(
      x,
    ) as QuantizedTensor;
  const { scale, zeroPoint } = perTensor("clamp", x);
  const bound = (value: number | undefined) => (value == null ? undefined : Math.round(value / scale) + zeroPoint);
  const [low, high] = [bound(min), bound(max)];
  const limits = { ...(low !== undefined && { min: low }), ...(high !== undefined && { max: high }) };
  return like(x, x.values.clamp(limits));
};

const pair = (value: number | readonly number[]): [number, number] =>
  typeof value === "number" ? [value, value] : [value[0]!, value[value.length - 1]!];

/** Largest values of windows, which are those of the integers. */
function maxPool(x: QuantizedTensor, kernelSize: number | readonly number[], options: Options = {}): QuantizedTensor {
  const { stride, padding = 0, dilation = 1, ceilMode = false, returnIndices = false } = options;
  const numbers = () =>
    throughNumbers((y) => F.maxPool2d(y, kernelSize as number, options as object) as Tensor)(x) as QuantizedTensor;
  if (isSimulated(x) || x.ndim !== 4 || ceilMode || returnIndices || x.dtype !== "quint8") return numbers();
  const kernel = pair(kernelSize);
  const step = pair(stride ?? kernelSize);
  const around = pair(padding);
  const apart = pair(dilation);
  const images = x.values.permute(0, 2, 3, 1).contiguous();
  const [n, h, w, c] = images.shape as readonly number[] as readonly [number, number, number, number];
  const size = (length: number, i: 0 | 1) =>
    Math.floor((length + 2 * around[i] - apart[i] * (kernel[i] - 1) - 1) / step[i]) + 1;
  const [oh, ow] = [size(h, 0), size(w, 1)];
  // What is wrong with the arguments, the op for numbers says.
  if (!(oh > 0 && ow > 0 && around.every((p, i) => p >= 0 && p <= kernel[i]! / 2))) return numbers();
  const y = allocate([n, oh, ow, c], "uint8", images);
  if (y.numel() > 0)
    y.storage.backend.run("quantizedMaxPool", {
      y,
      x: images,
      kernel,
      stride: step,
      padding: around,
      dilation: apart,
    });
  return like(x, y.permute(0, 3, 1, 2));
}

/** Tensors joined along an axis, with the scale of the first. */
function joined(xs: readonly QuantizedTensor[], dim = 0): QuantizedTensor {
  const first = checkQuantized("cat", xs[0]);
  const { scale, zeroPoint } = perTensor("cat", first);
  const parts = xs.map((x) => {
    const own = perTensor("cat", checkQuantized("cat", x));
    return own.scale === scale && own.zeroPoint === zeroPoint && x.dtype === first.dtype
      ? x.values
      : quantizeBy(x.dequantize(), first.dtype, first.quantizer).values;
  });
  return like(first, cat(parts, dim));
}

function dropout(x: QuantizedTensor, { p = 0.5, training = true }: Options = {}): QuantizedTensor {
  if (training && p > 0)
    throw new KindlingError("dropout: quantized tensors are for inference; call model.eval() before it is converted");
  return x;
}

const table: ReadonlyMap<string, Compute> = new Map<string, Compute>([
  ...shapes.map((op) => [op, shaped(op)] as const),
  ["relu", (x: QuantizedTensor) => limited(x, 0, undefined)],
  ["relu_", (x: QuantizedTensor) => limited(x, 0, undefined)],
  ["relu6", (x: QuantizedTensor) => limited(x, 0, 6)],
  ["relu6_", (x: QuantizedTensor) => limited(x, 0, 6)],
  ["hardtanh", (x: QuantizedTensor, { minVal = -1, maxVal = 1 }: Options = {}) => limited(x, minVal, maxVal)],
  ["hardtanh_", (x: QuantizedTensor, { minVal = -1, maxVal = 1 }: Options = {}) => limited(x, minVal, maxVal)],
  ["clamp", (x: QuantizedTensor, min?: number, max?: number) => limited(x, min, max)],
  ["maxPool2d", maxPool],
  ["maxPool1d", throughNumbers((x, size, options = {}) => F.maxPool1d(x, size, options) as Tensor)],
  ["avgPool2d", means((x, size, options = {}) => F.avgPool2d(x, size, options))],
  ["adaptiveAvgPool2d", means((x, size) => F.adaptiveAvgPool2d(x, size))],
  ["mean", means((x, ...given) => x.mean(...given))],
  ["interpolate", throughNumbers((x, options = {}) => F.interpolate(x, options))],
  ["cat", joined],
  ["concat", joined],
  ["dropout", dropout],
  ["featureDropout", dropout],
  ["dropout2d", dropout],
  ["isFloatingPoint", () => false],
  ["numel", (x: QuantizedTensor) => x.numel()],
]);

/**
 * Computes an op of quantized tensors.
 * @throws KindlingError for an op that they do not have.
 */
function computeQuantized(op: string, given: readonly unknown[]): unknown {
  const compute = table.get(op);
  if (compute !== undefined) return compute(...(given as [unknown]));
  const first = Array.isArray(given[0]) ? given[0][0] : given[0];
  const shape = first instanceof QuantizedTensor ? ` of shape ${shapeText(first.shape)}` : "";
  throw new KindlingError(
    `${op}: Could not run '${op}' with a quantized tensor${shape}; use x.dequantize(), a DeQuantStub before it, or nn.quantized.FloatFunctional for sums`,
  );
}

computeBy(computeQuantized);
