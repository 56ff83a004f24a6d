/** Checks of the arguments that functions of colors share. */
import { checkNumber } from "../../../core/arguments";
import { ArgumentError, describe, ValueError } from "../../../core/errors";
import { Tensor } from "../../../tensor/tensor";
import type { Image } from "../../image";
import type { Picture } from "../transform";
import { checkPicture } from "./picture";
import type { Pair } from "./tensor/filter";

/** What an op does to a picture in memory and to a tensor. */
export interface Kernels<A extends readonly unknown[]> {
  readonly image: (op: string, img: Image, ...args: A) => Image;
  readonly tensor: (op: string, img: Tensor, ...args: A) => Tensor;
}

/** Applies the kernel of the picture's kind. @throws ArgumentError for what is no picture. */
export function dispatch<T extends Picture, A extends readonly unknown[]>(
  op: string,
  img: T,
  kernels: Kernels<A>,
  ...args: A
): T {
  const picture = checkPicture(op, img);
  return (picture instanceof Tensor ? kernels.tensor(op, picture, ...args) : kernels.image(op, picture, ...args)) as T;
}

/** A factor of 0 or more. @throws ValueError in torchvision's words. */
export function checkFactor(op: string, name: string, value: unknown): number {
  const factor = checkNumber(op, name, value);
  if (!(factor >= 0)) throw new ValueError(`${op}: ${name} (${factor}) is not non-negative.`);
  return factor;
}

/** A part of the circle of hues. @throws ValueError in torchvision's words. */
export function checkTurn(op: string, name: string, value: unknown): number {
  const turn = checkNumber(op, name, value);
  if (!(turn >= -0.5 && turn <= 0.5)) throw new ValueError(`${op}: ${name} (${turn}) is not in [-0.5, 0.5].`);
  return turn;
}

const isNumbers = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((item) => typeof item === "number");

/** The sizes of a kernel: odd and positive. @throws ArgumentError, ValueError in torchvision's words. */
export function checkKernelSize(op: string, value: unknown): Pair {
  if (typeof value !== "number" && !isNumbers(value))
    throw new ArgumentError(`${op}: kernelSize should be int or a sequence of integers. Got ${describe(value)}`);
  const sizes = typeof value === "number" ? [value, value] : value;
  if (sizes.length !== 2)
    throw new ValueError(`${op}: If kernelSize is a sequence its length should be 2. Got ${sizes.length}`);
  for (const size of sizes)
    if (!Number.isInteger(size) || size % 2 === 0 || size < 0)
      throw new ValueError(`${op}: kernelSize should have odd and positive integers. Got ${describe(sizes)}`);
  return sizes as unknown as Pair;
}

/** Standard deviations in pixels; by default they go with the sizes of the kernel. @throws ArgumentError, ValueError in torchvision's words. */
export function checkSigma(op: string, value: unknown, [kx, ky]: Pair): Pair {
  if (value === null || value === undefined) return [kx * 0.15 + 0.35, ky * 0.15 + 0.35];
  if (typeof value !== "number" && !isNumbers(value))
    throw new ArgumentError(`${op}: sigma should be either float or sequence of floats. Got ${describe(value)}`);
  const given = typeof value === "number" ? [value] : value;
  const sigma = given.length === 1 ? [given[0]!, given[0]!] : given;
  if (sigma.length !== 2)
    throw new ValueError(`${op}: If sigma is a sequence, its length should be 2. Got ${sigma.length}`);
  for (const each of sigma)
    if (!(each > 0)) throw new ValueError(`${op}: sigma should have positive values. Got ${describe(sigma)}`);
  return sigma as unknown as Pair;
}
