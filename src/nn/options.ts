/** Arguments of layers: the required ones by position, then one object of options. */
import { ArgumentError, checkOptions, describe } from "../core/errors";

/** Whether a value is an object of options, and not a value itself. */
export function isOptions(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * The options of `layer`: defaults, then values given by position (named by `positional`), then those in the trailing object.
 * @throws ArgumentError for an unknown option, and for more values than `positional` names.
 */
export function readOptions<O extends object>(
  layer: string,
  defaults: O,
  given: readonly unknown[],
  positional: readonly (keyof O & string)[] = [],
): O {
  const last = given.at(-1);
  const options = isOptions(last) ? last : undefined;
  checkOptions(layer, options, Object.keys(defaults));
  const values = options === undefined ? given : given.slice(0, -1);
  const result = { ...defaults } as Record<string, unknown>;
  values.forEach((value, i) => {
    const name = positional[i];
    if (value === undefined) return;
    if (name === undefined)
      throw new ArgumentError(
        `${layer}: unexpected argument ${describe(value)}; pass options by name: { ${Object.keys(defaults).join(", ")} }`,
      );
    result[name] = value;
  });
  for (const [name, value] of Object.entries(options ?? {})) if (value !== undefined) result[name] = value;
  return result as O;
}
