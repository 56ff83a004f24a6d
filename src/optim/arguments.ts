/** What the constructors of optimizers take. */
import { checkFlag, checkLike } from "../core/arguments";
import { argumentsOf } from "../core/binding";
import { ValueError } from "../core/errors";
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
  for (const [name, value] of Object.entries(options))
    options[name] = checkLike(op, name, value, defaults[name as keyof O]);
  return [params, { ...defaults, ...(options as Partial<O>) }];
}
