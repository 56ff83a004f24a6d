/** Arguments of distributions and transforms, all of them by position or by name. */
import { checkFlag, checkIntegers, MAX_COUNT } from "../../core/arguments";
import { bind, missing, partsOf } from "../../core/binding";
import { ArgumentError, describe } from "../../core/errors";
import type { Shape } from "../../core/shape";
import { type Declared, named } from "../../core/signature";
import { Tensor } from "../../tensor/tensor";

export type { Arguments } from "../../core/signatureTypes";

/** A parameter of a distribution. */
export type Value = number | Tensor;

/** The argument that turns the checks of parameters and values on or off. */
export interface ValidateArgs {
  /** Whether parameters and values are checked. Default: as {@link Distribution.setDefaultValidateArgs} says. */
  readonly validateArgs?: boolean | undefined;
}

/**
 * Arguments by position or by name, with `null` as well as `undefined` for what is left out.
 * @param signature The names in PyTorch's order, those that are required before the semicolon: `loc, scale; validateArgs`.
 */
export function readArguments<P extends object>(op: string, signature: string, given: readonly unknown[]): P {
  const parts = partsOf(signature);
  const values: Record<string, unknown> = {};
  bind(op, parts, given, (name, value) => {
    if (name === "validateArgs" && value != null) checkFlag(op, name, value);
    values[name] = value ?? undefined;
  });
  const left = parts.positions.slice(0, parts.required).find((name) => values[name] === undefined);
  if (left !== undefined) throw missing(op, left, parts);
  return values as P;
}

/** A shape of samples or of a batch. */
export const checkSizes = (op: string, name: string, value: unknown): Shape =>
  checkIntegers(op, name, value ?? [], 0, MAX_COUNT);

/** A tensor. @throws ArgumentError for anything else, which names the op and the argument. */
export function checkTensor(op: string, name: string, value: unknown): Tensor {
  if (value instanceof Tensor) return value;
  throw new ArgumentError(`${op}: ${name} must be a Tensor, got ${describe(value)}`);
}

/**
 * Lets the methods of classes that take nothing but tensors check them, and their errors speak of them.
 * @param signatures The names of the tensors by that of the method; classes that don't have it themselves are left as they are.
 */
export function checkMethods(
  classes: readonly { readonly prototype: object }[],
  signatures: Readonly<Record<string, string>>,
): void {
  for (const { prototype } of classes)
    for (const [name, signature] of Object.entries(signatures)) {
      if (!Object.hasOwn(prototype, name)) continue;
      const body = (prototype as Record<string, (...tensors: Tensor[]) => unknown>)[name]!;
      const names = signature.split(", ").slice(0, body.length);
      const { method } = named(name, ["self", ...names].join(", "), (self: unknown, ...given: unknown[]) =>
        body.apply(
          self,
          names.map((argument, i) => checkTensor(name, argument, given[i])),
        ),
      ) as unknown as Declared;
      Object.defineProperty(prototype, name, { value: method, writable: true, configurable: true });
    }
}
