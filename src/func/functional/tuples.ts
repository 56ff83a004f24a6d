/** Arguments of `autograd.functional`: a tensor, or several. What goes in as one tensor comes out as one. */
import { ArgumentError, AutogradError, describe } from "../../core/errors";
import { sameShape, shapeText } from "../../core/shape";
import { isTensor, type Tensor } from "../../tensor/tensor";

/** One tensor or several; the empty array makes TypeScript infer the length of the others. */
export type Tensors = Tensor | readonly Tensor[] | readonly [];

/** `V` for each tensor of `T`: alone if `T` is a tensor, else an array of the same length. */
export type Each<T, V> = T extends Tensor ? V : { -readonly [K in keyof T]: V };

/** The parameters of a function of the tensors `I`. */
export type ArgsOf<I> = I extends Tensor ? [x: Tensor] : { -readonly [K in keyof I]: Tensor };

/** A function of the tensors `I` with the tensors `O` as its result. */
export type TensorFunction<I, O> = (...inputs: ArgsOf<I> extends infer A extends Tensor[] ? A : never) => O;

/** Tensors as a list, and whether they were one. */
export interface Tuple {
  readonly isTuple: boolean;
  readonly list: readonly Tensor[];
}

/** @throws ArgumentError if `value` is neither a tensor nor an array of tensors. */
export function asTuple(value: unknown, what: string, op: string): Tuple {
  if (isTensor(value)) return { isTuple: false, list: [value] };
  if (!Array.isArray(value))
    throw new ArgumentError(
      `The ${what} given to ${op} must be either a Tensor or an array of Tensors but the given ${what} is ${describe(value)}.`,
    );
  value.forEach((x, i) => {
    if (!isTensor(x))
      throw new ArgumentError(
        `The ${what} given to ${op} must be either a Tensor or an array of Tensors but the value at index ${i} is ${describe(x)}.`,
      );
  });
  return { isTuple: true, list: value };
}

/** The single entry, where the argument was a single tensor. */
export const untuple = <T>(list: readonly T[], { isTuple }: Tuple): T | readonly T[] => (isTuple ? list : list[0]!);

/**
 * Handles on which `func` is called: new ones, to tell the arguments from the same tensors captured by the function. With `createGraph`
 * gradients flow back to the tensors given.
 */
export const freshInputs = (inputs: readonly Tensor[], createGraph: boolean, needGraph: boolean): Tensor[] =>
  inputs.map((x) => (createGraph && x.requiresGrad ? x.viewAs(x) : x.detach().requiresGrad_(needGraph)));

/** Results without the history that was not asked for. */
export const finished = (list: readonly Tensor[], createGraph: boolean): readonly Tensor[] =>
  createGraph ? list : list.map((x) => x.detach());

/** The vector of a product, checked against the tensors that it belongs to; undefined where it may be left out and is. */
export function vectorFor(
  v: unknown,
  tensors: Tuple,
  op: string,
  whose: "input" | "output",
  createGraph: boolean,
): Tensor[] | undefined {
  const { list, isTuple } = tensors;
  if (v === undefined || v === null) {
    if (list.length === 1 && list[0]!.numel() === 1) return undefined;
    throw new AutogradError(
      whose === "output"
        ? "The vector v can only be null if the user-provided function returns a single Tensor with a single element."
        : "The vector v can only be null if the input to the user-provided function is a single Tensor with a single element.",
    );
  }
  const vector = freshInputs(asTuple(v, "v", op).list, createGraph, false);
  if (vector.length !== list.length)
    throw new AutogradError(
      isTuple
        ? `v is a tuple of invalid length: should be ${list.length} but got ${vector.length}.`
        : "The given v should contain a single Tensor.",
    );
  vector.forEach((x, i) => {
    if (!sameShape(x.shape, list[i]!.shape))
      throw new AutogradError(
        `${isTuple ? `Entry ${i} in ` : ""}v has invalid size: should be ${shapeText(list[i]!.shape)} but got ${shapeText(x.shape)}.`,
      );
  });
  return vector;
}
