/** What the transforms of audio have in common. */
import { checkInteger, MAX_COUNT } from "../../core/arguments";
import { isPlainObject } from "../../core/binding";
import { ArgumentError, describe } from "../../core/errors";
import { Module } from "../../nn/module/module";
import { stateKeyOf } from "../../nn/module/state";
import { checkTensor } from "../../ops/builders/checks";
import type { Tensor } from "../../tensor/tensor";

/** Makes a window of a size: `torch.hannWindow` and the like, or a function of one's own. */
export type WindowFunction = (size: number, options?: any) => Tensor;

/** Base of the transforms: modules whose buffers have torchaudio's names in a state dict. */
export abstract class AudioTransform extends Module {
  override stateKey(field: string): string {
    return stateKeyOf(field);
  }
}

/** A size of at least 1. */
export const checkSize = (op: string, name: string, value: unknown): number =>
  checkInteger(op, name, value, 1, MAX_COUNT);

/** What a window is made with, or nothing. @throws ArgumentError for what is no object of options. */
export function checkWindowArguments(op: string, name: string, value: unknown): object | null {
  if (value === null || value === undefined) return null;
  if (!isPlainObject(value))
    throw new ArgumentError(`${op}: ${name} must be an object of options, got ${describe(value)}`);
  return value;
}

/** A window as a function makes it. @throws ArgumentError naming `op` for what is no tensor. */
export const windowOf = (op: string, make: WindowFunction, size: number, options: object | null): Tensor =>
  checkTensor(op, options === null ? make(size) : make(size, options), "what windowFn returns");
