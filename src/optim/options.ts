/** Options of optimizers: defaults, and checks with PyTorch's messages. */
import { checkFlag } from "../core/arguments";
import { describe, ValueError } from "../core/errors";
import { argumentsOf } from "../core/signature";
import type { Arguments } from "../core/signatureTypes";
import type { Params } from "./optimizer";

/** Arguments of PyTorch's optimizers that choose between implementations: there is one here, so they change nothing. */
const implementations = ["foreach", "fused", "capturable", "differentiable"] as const;

/** What the constructor of an optimizer takes: the parameters, and options by position or by name. */
export type OptimizerArguments<S extends string, O> = Arguments<
  S,
  { params: Params<O> } & O & { [K in (typeof implementations)[number]]?: boolean | null }
>;

/**
 * The parameters that an optimizer is given, and all its options.
 * @throws ArgumentError for options that the signature does not name, ValueError for `differentiable: true`.
 */
export function readArguments<O extends object>(
  op: string,
  signature: string,
  given: readonly unknown[],
  defaults: Required<O>,
): [params: Params<O>, options: Required<O>] {
  const { params, ...options } = argumentsOf<{ params: Params<O> } & Record<string, unknown>>(op, signature, given);
  for (const name of implementations) {
    const value = options[name];
    if (value != null && checkFlag(op, name, value) && name === "differentiable")
      throw new ValueError(`${op}: differentiable: steps are not recorded; use torch.func.grad and plain arithmetic`);
    delete options[name];
  }
  return [params, { ...defaults, ...(options as Partial<O>) }];
}

/** An object without the fields that are undefined. */
export const definedOnly = <O extends object>(options: O): Partial<O> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<O>;

/**
 * Checks numbers, given by what PyTorch's message calls them.
 * @throws ValueError "Invalid learning rate: -1" unless each is at least 0.
 */
export function checkNonNegative(op: string, values: Readonly<Record<string, unknown>>): void {
  for (const [what, value] of Object.entries(values))
    if (typeof value !== "number" || !(value >= 0)) throw new ValueError(`${op}: Invalid ${what}: ${describe(value)}`);
}

/** @throws ValueError unless `value` is an array of two numbers. */
export function checkPair(op: string, name: string, value: unknown): void {
  if (!Array.isArray(value) || value.length !== 2 || value.some((x) => typeof x !== "number"))
    throw new ValueError(`${op}: ${name} must be a pair of numbers, got ${describe(value)}`);
}

/** @throws ValueError unless both betas are in [0, 1). */
export function checkBetas(op: string, betas: readonly [number, number]): void {
  if (!Array.isArray(betas) || betas.length !== 2)
    throw new ValueError(`${op}: betas must be a pair of numbers, got ${describe(betas)}`);
  betas.forEach((beta, i) => {
    if (typeof beta !== "number" || !(beta >= 0 && beta < 1))
      throw new ValueError(`${op}: Invalid beta parameter at index ${i}: ${describe(beta)}`);
  });
}
