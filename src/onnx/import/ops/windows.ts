/** How windows slide: strides, dilations and pads of convolutions and pools. */
import type { Context } from "../context";

export interface Windows {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Before each axis, then after each. */
  readonly begins: readonly number[];
  readonly ends: readonly number[];
}

/** Attributes of `n` axes. @param sizes The sizes that windows slide over. */
export function windowsOf(c: Context, sizes: readonly number[], given?: readonly number[]): Windows {
  const n = sizes.length;
  const list = (name: string, fallback: number): number[] => {
    const values = c.ints(name);
    if (values !== undefined && values.length !== n) c.fail(`${name} has ${values.length} values for ${n} axes`);
    return values ?? new Array(n).fill(fallback);
  };
  const kernel = c.ints("kernel_shape") ?? given ?? c.fail("the kernel's shape is missing");
  if (kernel.length !== n) c.fail(`kernel_shape has ${kernel.length} values for ${n} axes`);
  const strides = list("strides", 1);
  const dilations = list("dilations", 1);
  if ([...kernel, ...strides, ...dilations].some((value) => value < 1))
    c.fail("kernel, strides and dilations must be 1 or more");
  const pads = c.ints("pads") ?? new Array(2 * n).fill(0);
  if (pads.length !== 2 * n) c.fail(`pads has ${pads.length} values for ${n} axes`);
  const auto = c.string("auto_pad", "NOTSET");
  if (auto === "NOTSET" || auto === "")
    return { kernel, strides, dilations, begins: pads.slice(0, n), ends: pads.slice(n) };
  if (auto === "VALID") return { kernel, strides, dilations, begins: list("", 0), ends: list("", 0) };
  const totals = sizes.map((size, i) => samePads(size, kernel[i]!, strides[i]!, dilations[i]!));
  const [small, large] = [totals.map((total) => total >> 1), totals.map((total) => total - (total >> 1))];
  if (auto !== "SAME_UPPER" && auto !== "SAME_LOWER") c.fail(`there is no auto_pad "${auto}"`);
  return auto === "SAME_UPPER"
    ? { kernel, strides, dilations, begins: small, ends: large }
    : { kernel, strides, dilations, begins: large, ends: small };
}

/** What there are as many windows with as strides fit. */
const samePads = (size: number, kernel: number, stride: number, dilation: number): number =>
  Math.max(0, (Math.ceil(size / stride) - 1) * stride + (kernel - 1) * dilation + 1 - size);

export const isEven = ({ begins, ends }: Windows): boolean => begins.every((pad, i) => pad === ends[i] && pad >= 0);
