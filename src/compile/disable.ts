/** Functions that are never recorded. */
import { checkFunction } from "../core/arguments";
import { named } from "../core/signature";

/**
 * A function that a compiled function runs as it is: the program ends before it, and another begins behind it.
 * @see torch.compiler.disable
 * @example const log = torch.compiler.disable((x: torch.Tensor) => console.log(x.mean().item()));
 */
export function disable<F extends (...args: any[]) => any>(fn: F): F {
  checkFunction("compiler.disable", "fn", fn);
  return ((...args: unknown[]) => disabledFunction(() => fn(...args))) as F;
}

const disabledFunction = named("disabledFunction", "body", (body: () => unknown): unknown => body());
