/** An observer that leaves out rare numbers far from the others. */

import { noGrad } from "../autograd/mode";
import { checkInteger } from "../core/arguments";
import { bind, partsOf } from "../core/binding";
import { nameOf } from "../core/className";
import { ValueError } from "../core/errors";
import type { Arguments } from "../core/signatureTypes";
import { takes } from "../nn/module/forward";
import { checkTensor } from "../ops/builders/checks";
import { histc } from "../ops/reduce/histogram";
import { tensor, zeros } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import { checkObject, type HistogramOptions, type QParams, UniformQuantizationObserverBase } from "./observers";
import { roundHalfEven } from "./scales";

const signature = "; bins, upsampleRate, dtype, qscheme, reduceRange, quantMin, quantMax, eps";
const f = Math.fround;

/** Of a histogram, and of the parts of a bin. */
const MOST_BINS = 2 ** 20;

/** By how much the bounds move in a step of the search. */
const STEP = 1e-5;

interface Span {
  readonly min: number;
  readonly max: number;
}

/**
 * Keeps a histogram, and chooses the range whose integers have the least squared error. This is the default for activations.
 * @see torch.ao.quantization.HistogramObserver
 */
export class HistogramObserver extends UniformQuantizationObserverBase {
  bins: number;
  upsampleRate: number;
  declare histogram: Tensor;

  constructor(...given: Arguments<typeof signature, HistogramOptions>);
  constructor(...given: unknown[]) {
    const layer = nameOf(new.target);
    const options: HistogramOptions = {};
    bind(layer, partsOf(signature), given, (name, value) => {
      Object.assign(options, { [name]: value });
    });
    super(layer, ["perTensorAffine", "perTensorSymmetric"], options);
    this.bins = checkInteger(layer, "bins", options.bins ?? 2048, 1, MOST_BINS);
    this.upsampleRate = checkInteger(layer, "upsampleRate", options.upsampleRate ?? 128, 1, MOST_BINS);
    this.registerBuffer("histogram", zeros([this.bins]));
  }

  /** A function that makes observers with these options. */
  static withArgs(options: HistogramOptions): () => HistogramObserver {
    checkObject(options);
    return () => new HistogramObserver(options as never);
  }

  override forward(input: Tensor): Tensor {
    if (checkTensor("HistogramObserver", input).numel() > 0) noGrad(() => this.watch(input.detach().float()));
    return input;
  }

  private watch(x: Tensor): void {
    if (x.isfinite().all().item() === 0)
      throw new ValueError("HistogramObserver: the input has infinite numbers or NaN, which have no bin");
    const before = { min: this.minVal.item(), max: this.maxVal.item() };
    const extremes = x.aminmax() as { min: Tensor; max: Tensor };
    const now = { min: extremes.min.item(), max: extremes.max.item() };
    if (before.min === Number.POSITIVE_INFINITY || before.min === before.max) {
      this.keep(this.count(x, now), now);
      return;
    }
    const all = { min: Math.min(now.min, before.min), max: Math.max(now.max, before.max) };
    const { span, rate, start } = this.adjusted(before, all);
    const counted = this.count(x, span);
    const isSame = span.min === before.min && span.max === before.max;
    this.keep(isSame ? counted.add(this.histogram) : this.combined(counted, rate, start), span);
  }

  /** PyTorch 1.13 takes the whole parts of the bounds. */
  private count(x: Tensor, { min, max }: Span): Tensor {
    return histc(x, { bins: this.bins, min: Math.trunc(min), max: Math.trunc(max) });
  }

  private keep(histogram: Tensor, { min, max }: Span): void {
    this.histogram = histogram;
    this.minVal = tensor(min, { dtype: "float32" });
    this.maxVal = tensor(max, { dtype: "float32" });
  }

  /** A range that holds `all` and whose bins are whole numbers of parts of the bins so far. */
  private adjusted(before: Span, all: Span): { span: Span; rate: number; start: number } {
    const width = f(f(before.max - before.min) / (this.bins * this.upsampleRate));
    const whole = f(this.bins * width);
    const rate = Math.ceil(f(f(all.max - all.min) / whole));
    const rest = f(f(rate * whole) - f(all.max - all.min));
    const start = roundHalfEven(f(f(before.min - all.min) / width));
    return { span: { min: all.min, max: f(all.max + rest) }, rate, start };
  }

  /** The counts of the new range, to which those so far are added. */
  private combined(counted: Tensor, rate: number, start: number): Tensor {
    const { bins, upsampleRate } = this;
    const old = this.histogram.tolist() as number[];
    const fine = new Float64Array(bins * rate + 1);
    let sum = 0;
    // The sum of all parts before each.
    for (let i = 0; i < bins * rate; i++) {
      const from = i - start;
      if (from >= 0 && from < bins * upsampleRate) sum += old[Math.floor(from / upsampleRate)]!;
      fine[i + 1] = sum;
    }
    const added = Array.from({ length: bins }, (_, i) => {
      const before = i === 0 ? 0 : f(fine[i * rate]!);
      return (fine[(i + 1) * rate]! - before) / upsampleRate;
    });
    return counted.add(tensor(added, { dtype: "float32" }));
  }

  override calculateQparams(): QParams {
    if (this.minVal.item() === Number.POSITIVE_INFINITY) return this.parametersFor(this.minVal, this.maxVal);
    const { min, max } = this.search();
    return this.parametersFor(tensor(min, { dtype: "float32" }), tensor(max, { dtype: "float32" }));
  }

  /** Moves the bounds inwards as long as that makes the error smaller. */
  private search(): Span {
    const counts = Float64Array.from(this.histogram.tolist() as number[]);
    const sums = this.histogram.cumsum(0).tolist() as number[];
    const total = this.histogram.sum().item();
    const [min, max] = [this.minVal.item(), this.maxVal.item()];
    let [alpha, beta] = [0, 1];
    let [start, end] = [0, this.bins - 1];
    let least = Number.POSITIVE_INFINITY;
    while (alpha < beta) {
      const [nextAlpha, nextBeta] = [alpha + STEP, beta - STEP];
      let [left, right] = [start, end];
      while (left < end && sums[left]! < f(nextAlpha * total)) left++;
      while (right > start && sums[right]! > f(nextBeta * total)) right--;
      let [nextStart, nextEnd] = [start, end];
      if (left - start > end - right) [nextStart, alpha] = [left, nextAlpha];
      else [nextEnd, beta] = [right, nextBeta];
      if (nextStart === start && nextEnd === end) continue;
      const error = this.errorOf(counts, (max - min) / this.bins, nextStart, nextEnd);
      if (error > least) break;
      [least, start, end] = [error, nextStart, nextEnd];
    }
    const width = f(f(max - min) / this.bins);
    return { min: f(min + f(width * start)), max: f(min + f(width * (end + 1))) };
  }

  /** The squared error if the integers are spread over the bins from `start` to `end`, the numbers of a bin being spread evenly. */
  private errorOf(counts: Float64Array, width: number, start: number, end: number): number {
    const levels = this.dtype === "qint32" ? 2 ** 32 : 256;
    const step = (width * (end - start + 1)) / levels;
    if (step === 0) return 0;
    const cube = (x: number) => x * x * x;
    const clamp = (x: number) => Math.min(Math.max(Math.floor(x), 0), levels - 1);
    let error = 0;
    for (let i = 0; i < counts.length; i++) {
      const density = counts[i]! / width;
      const begin = (i - start) * width;
      const first = clamp(begin / step);
      const last = clamp((begin + width) / step);
      const norm = (from: number, to: number) => (density * (cube(to) - cube(from))) / 3;
      error += norm(begin - (first + 0.5) * step, step / 2);
      error += (last - first - 1) * norm(-step / 2, step / 2);
      error += norm(-step / 2, begin + width - (last * step + step / 2));
    }
    return error;
  }
}

takes("input", HistogramObserver);
