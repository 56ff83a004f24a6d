/** Arguments of distributions and transforms, all of them by position or by name. */
import { checkIntegers, MAX_COUNT } from "../core/arguments";
import { ArgumentError, describe } from "../core/errors";
import type { Shape } from "../core/shape";
import { isOptions, readOptions } from "../nn/options";
import { Tensor } from "../tensor/tensor";

type Bare<S extends string> = S extends `${infer Name}?` ? Name : S;
type Split<S extends string> = S extends ""
  ? []
  : S extends `${infer First}, ${infer Rest}`
    ? [Bare<First>, ...Split<Rest>]
    : [Bare<S>];
type Names<S extends string> = S extends `${infer A}; ${infer B}` ? [...Split<A>, ...Split<B>] : Split<S>;
type Listed<N extends string[], P> =
  | (object extends P ? [] : never)
  | [named: P]
  | (N extends [infer First extends keyof P, ...infer Rest extends string[]]
      ? [value: P[First], ...rest: Listed<Rest, Omit<P, First>>]
      : never);

/** The arguments `P` in the order of a signature's names, with the rest of them, or all, in one object. */
export type Arguments<S extends string, P> = Listed<Names<S>, P>;

/** A parameter of a distribution. */
export type Value = number | Tensor;

/** The argument that turns the checks of parameters and values on or off. */
export interface ValidateArgs {
  /** Whether parameters and values are checked. Default: as {@link Distribution.setDefaultValidateArgs} says. */
  readonly validateArgs?: boolean | undefined;
}

/**
 * Arguments by position or by name, with `null` as well as `undefined` for what is left out.
 * @param signature The names in PyTorch's order, `loc, scale; validateArgs`: those before the semicolon without a question mark are required.
 */
export function readArguments<P extends object>(op: string, signature: string, given: readonly unknown[]): P {
  const names = signature.split(/[,;] /).filter((name) => name !== "");
  const bare = names.map((name) => name.replace("?", ""));
  const values: Record<string, unknown> = readOptions<Record<string, unknown>>(
    op,
    Object.fromEntries(bare.map((name) => [name, undefined])),
    given,
    bare,
  );
  for (const name of bare) values[name] ??= undefined;
  const missing = signature
    .split(";")[0]!
    .split(", ")
    .filter((name) => name !== "" && !name.endsWith("?") && values[name] === undefined);
  if (missing.length > 0) throw new ArgumentError(`${op}: missing ${missing.join(", ")}; takes ${signature}`);
  return values as P;
}

/** The only argument of a method, by position or by name. */
export function readOne(op: string, name: string, value: unknown): unknown {
  return isOptions(value) ? readOptions<Record<string, unknown>>(op, { [name]: undefined }, [value])[name] : value;
}

/** A shape of samples or of a batch. */
export const readShape = (op: string, name: string, value: unknown): Shape =>
  checkIntegers(op, name, readOne(op, name, value) ?? [], 0, MAX_COUNT);

/** A tensor. @throws ArgumentError for anything else, which names the op and the argument. */
export function checkTensor(op: string, name: string, value: unknown): Tensor {
  if (value instanceof Tensor) return value;
  throw new ArgumentError(`${op}: ${name} must be a Tensor, got ${describe(value)}`);
}
