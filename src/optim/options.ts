/** Options of optimizers: defaults, and checks with PyTorch's messages. */
import { describe, ValueError } from "../core/errors";

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
