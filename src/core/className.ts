/**
 * Names of classes and functions, as messages and printed objects show them. Programs are often shipped with their identifiers shortened, and with
 * them `Function.name`. So the build gives each class of the library a static `className` (see `scripts/building/classNames.mjs`), and classes of users may
 * have one. No other file reads `constructor.name`; `test/architecture.test.ts` checks it.
 */

/** Classes and functions, as far as their names are concerned. */
interface Nameable {
  readonly name?: unknown;
  readonly className?: unknown;
}

/**
 * The name of a class or a function: its own static `className`, else the name that JavaScript gives it. The `className` of a base class does not
 * count, because it is the name of another class.
 * @returns An empty text for what has no name.
 */
export function nameOf(type: unknown): string {
  if (typeof type !== "function") return "";
  const { name, className } = type as Nameable;
  if (typeof className === "string" && Object.hasOwn(type, "className")) return className;
  return typeof name === "string" ? name : "";
}

/** The name of the class of an object, as {@link nameOf} gives it. */
export const classNameOf = (value: object): string => nameOf(value.constructor);
