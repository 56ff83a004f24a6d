/** Arguments of layers: the required ones by position, then one object of options. */
import { checkFlag } from "../core/arguments";
import { ArgumentError, checkOptions, describe } from "../core/errors";

/** Layers of a stack: more would only take minutes to make. */
export const MAX_LAYERS = 10_000;

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
    result[name] = likeDefault(layer, name, value, result[name]);
  });
  for (const [name, value] of Object.entries(options ?? {}))
    if (value !== undefined) result[name] = likeDefault(layer, name, value, result[name]);
  return result as O;
}

/**
 * A value of the kind of its default. What takes a number may also take one per axis, a word or null: that is for the layer to say.
 * @throws ArgumentError for anything but true and false in the place of a flag, and for objects in the place of a number.
 */
function likeDefault(layer: string, name: string, value: unknown, fallback: unknown): unknown {
  if (typeof fallback === "boolean") return checkFlag(layer, name, value);
  if (typeof fallback !== "number" || typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "string" && value !== null && !Array.isArray(value))
    throw new ArgumentError(`${layer}: ${name} must be a number, got ${describe(value)}`);
  return value;
}
