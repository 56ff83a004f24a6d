/** Options of optimizers: defaults, and checks with PyTorch's messages. */
import { checkFlag } from "../core/arguments";
import { ArgumentError, checkOptions, describe, ValueError } from "../core/errors";

/** Options by which PyTorch chooses among implementations. There is one here, which has all that they are for, so that they have no effect. */
export interface ImplementationOptions {
  /** Without effect: every step is one kernel per parameter. */
  foreach?: boolean | null;
  /** Without effect: every step is fused. */
  fused?: boolean | null;
  /** Without effect: there are no graphs of a device to be captured. */
  capturable?: boolean | null;
  /** Steps through which gradients flow are not there. Default: false. */
  differentiable?: false | null;
}

/** The options of a group, apart from those without effect. */
export type Settings<O> = Required<Omit<O, keyof ImplementationOptions>>;

/** The options without those that choose an implementation. @throws ArgumentError unless these are flags. */
export function withoutChoices<O extends object>(op: string, options: O): Omit<O, keyof ImplementationOptions> {
  if (typeof (options as unknown) !== "object" || options === null) return options;
  const { foreach, fused, capturable, differentiable, ...rest } = options as O & ImplementationOptions;
  for (const [name, value] of Object.entries({ foreach, fused, capturable, differentiable }))
    if (value !== undefined && value !== null) checkFlag(op, name, value);
  if (differentiable)
    throw new ArgumentError(
      `${op}: differentiable steps are not there; write the step with ops, such as w.sub(grad.mul(lr)), and torch.func.functionalCall`,
    );
  return rest;
}

/** `options` over `defaults`. @throws ArgumentError for an option that has no default. */
export function withDefaults<O extends object>(
  op: string,
  options: Readonly<O> | undefined,
  defaults: Settings<O>,
): Settings<O> {
  const given = withoutChoices(op, options ?? {});
  checkOptions(op, given, Object.keys(defaults));
  return { ...defaults, ...definedOnly(given) };
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
