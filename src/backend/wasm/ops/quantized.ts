/** Numbers of 8 bits with a scale and a zero point: products, convolutions and what surrounds them. */
import { codeOf } from "../../../core/dtype";
import { sizeOfShape } from "../../../core/shape";
import type { OpTable } from "../../dispatch";
import type { Quantize, QuantizedProduct, QuantizedResult } from "../../ops";
import { paddedColumns } from "../../ops/quantized";
import type { Engine } from "../engine";

/** Nanoseconds per element, multiply-add of a product, of one kernel per channel. */
const CONVERT_COST = 0.3;
const MADD_COST = 0.02;
const TAP_COST = 0.2;
const HALF_COST = 0.1;

/** Bits of the kernels' flags. */
const BYTES = 1;
const RELU = 2;

/** Rows of a task, and multiply-adds that are worth one. */
const TASK_ROWS = 64;
const TASK_WORK = 2 ** 18;

const one = new Float32Array(1);
const bits = new Int32Array(one.buffer);

/** What kernels read of the scales and the zero points of channels: a list of 32 bits each where there is one for all. */
const channelArguments = ({ scales, zeros }: Quantize) => {
  one[0] = typeof scales === "number" ? scales : 1;
  return [typeof scales === "number" ? [bits[0]!] : scales, typeof zeros === "number" ? [zeros] : zeros] as const;
};

const flagsOf = ({ y, relu }: QuantizedResult): number => (y.dtype === "uint8" ? BYTES : 0) + (relu ? RELU : 0);

/** How many panels a task computes: all, unless there are too few rows for all threads. */
function panelsOf(rows: number, panels: number, terms: number): number {
  const blocks = Math.ceil(rows / TASK_ROWS);
  if (blocks >= 8) return panels;
  const worth = Math.ceil(TASK_WORK / (Math.min(rows, TASK_ROWS) * 8 * Math.max(1, terms)));
  return Math.min(panels, Math.max(worth, Math.ceil((panels * blocks) / 16)));
}

function multiply(engine: Engine, description: QuantizedProduct, way: number): void {
  const { y, x, w, sums, scales, bias, zero, scale, zeroOut, terms, places, groupStep } = description;
  const { n, groups, segments, length } = terms;
  const { images, lines, line } = places;
  const rows = images * lines * line;
  const panels = paddedColumns(n) / 8;
  const taskPanels = panelsOf(rows, panels * groups, segments * length);
  const words = [
    ...[rows, n, groups, segments, Math.ceil(length / 4), line, lines],
    ...[places.imageStep, places.lineStep, places.placeStep, groupStep],
    ...[TASK_ROWS, taskPanels, flagsOf(description)],
    ...places.offsets,
  ];
  const range = Math.ceil(rows / TASK_ROWS) * groups * Math.ceil(panels / taskPanels);
  const args = [y, x, w, sums, scales, bias, words, zero, scale, zeroOut, way] as const;
  const cost = rows * n * groups * segments * length * MADD_COST;
  engine.call("quantizedProduct", undefined, args, range, cost, true);
}

export const quantized = {
  quantize(engine, description) {
    const { y, x, channels, inner } = description;
    const n = sizeOfShape(y.shape);
    const args = [codeOf(y.dtype), y, x, ...channelArguments(description), channels, inner] as const;
    engine.call("quantize", undefined, args, n, n * CONVERT_COST);
  },

  dequantize(engine, description) {
    const { y, x, channels, inner } = description;
    const n = sizeOfShape(y.shape);
    const args = [codeOf(x.dtype), y, x, ...channelArguments(description), channels, inner] as const;
    engine.call("dequantize", undefined, args, n, n * CONVERT_COST);
  },

  blockRanges(engine, { y, x, block }) {
    const n = sizeOfShape(x.shape);
    engine.call("rangeOf", undefined, [y, x, n, block], y.shape[0]!, n * CONVERT_COST);
  },

  packQuantized(engine, { y, w, terms }) {
    const { n, groups, segments, length } = terms;
    const panels = (groups * paddedColumns(n)) / 8;
    engine.call("packQuantized", undefined, [y, w, n, segments, length], panels, sizeOfShape(w.shape));
  },

  quantizedProduct(engine, description) {
    multiply(engine, description, engine.ask("quantizedWay", []));
  },

  quantizedDepthwise(engine, description) {
    const { y, x, w, sums, scales, bias, zero, scale, zeroOut, channels, places } = description;
    const { images, lines, line, imageStep, lineStep, placeStep, offsets } = places;
    const words = [
      channels,
      lines,
      line,
      imageStep,
      lineStep,
      placeStep,
      offsets.length,
      flagsOf(description),
      ...offsets,
    ];
    const args = [y, x, w, sums, scales, bias, words, zero, scale, zeroOut] as const;
    const cost = sizeOfShape(y.shape) * offsets.length * TAP_COST;
    engine.call("depthwiseQuantized", undefined, args, images * lines, cost, true);
  },

  quantizedAdd(engine, { y, a, b, scaleA, zeroA, scaleB, zeroB, scale, zero, relu }) {
    const n = sizeOfShape(y.shape);
    const args = [y, a, b, scaleA, zeroA, scaleB, zeroB, 1 / scale, zero, relu ? zero : 0] as const;
    engine.call("addQuantized", undefined, args, n, n * CONVERT_COST);
  },

  quantizedMaxPool(engine, { y, x, kernel, stride, padding, dilation }) {
    const [n, oh, ow, c] = y.shape as readonly number[] as readonly [number, number, number, number];
    const words = [c, x.shape[1]!, x.shape[2]!, oh, ow, ...kernel, ...stride, ...padding, ...dilation];
    engine.call(
      "maxPoolQuantized",
      undefined,
      [y, x, words],
      n * oh * ow,
      sizeOfShape(y.shape) * kernel[0] * kernel[1] * 0.05,
    );
  },
  halfProduct(engine, { y, x, w, bias }) {
    const [m, k] = x.shape as readonly number[] as readonly [number, number];
    const n = w.shape[0]!;
    const args = [codeOf(w.dtype), y, x, w, bias, m, n, k] as const;
    engine.call("halfProduct", undefined, args, Math.ceil(n / 4), m * n * k * HALF_COST, true);
  },
} satisfies OpTable<Engine>;
