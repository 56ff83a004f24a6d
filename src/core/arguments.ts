/**
 * Checks of plain arguments, each made once, at the public face: what passes may be used as an index, a count or a choice without another
 * look. An unchecked fraction or NaN would not fail later on, it would read or write the memory of other tensors.
 */
import { nameOf } from "./className";
import { ArgumentError, checkOptions, describe, ValueError } from "./errors";

/** Sizes, counts and positions of elements that kernels take: they count in 32 bits with a sign. */
export const MAX_COUNT = 2 ** 31 - 1;

/** The most iterations of a method that a handful brings near its end: more would go on for hours. */
export const MAX_ITERATIONS = 10_000;

function rangeText(min: number, max: number): string {
  if (max === Number.MAX_SAFE_INTEGER) return min === Number.MIN_SAFE_INTEGER ? "" : ` of at least ${min}`;
  return min === Number.MIN_SAFE_INTEGER ? ` of at most ${max}` : ` from ${min} to ${max}`;
}

/**
 * An integer argument.
 * @param name The public name of the argument.
 * @returns The value.
 * @throws {@link ArgumentError} unless it is an integer (no fraction, no NaN, no string), {@link ValueError} unless it lies in [min, max].
 */
export function checkInteger(
  op: string,
  name: string,
  value: unknown,
  min: number = Number.MIN_SAFE_INTEGER,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  const number = value as number;
  if (!Number.isInteger(number))
    throw new ArgumentError(`${op}: ${name} must be an integer${rangeText(min, max)}, got ${describe(value)}`);
  if (number < min || number > max)
    throw new ValueError(`${op}: ${name} must be an integer${rangeText(min, max)}, got ${describe(value)}`);
  return number;
}

/** A list of integers, each as {@link checkInteger} takes it. @throws ArgumentError unless it is an array. */
export function checkIntegers(
  op: string,
  name: string,
  values: unknown,
  min: number = Number.MIN_SAFE_INTEGER,
  max: number = Number.MAX_SAFE_INTEGER,
): number[] {
  const list = checkArray(op, name, values, "integers");
  const integers = new Array<number>(list.length);
  for (let i = 0; i < integers.length; i++) {
    const value = list[i] as number;
    // The name of an element is made for an error only.
    if (!Number.isInteger(value) || value < min || value > max) checkInteger(op, `${name}[${i}]`, value, min, max);
    integers[i] = value;
  }
  return integers;
}

/** An argument that is an array. @param of What the array holds, for the message. */
export function checkArray(op: string, name: string, value: unknown, of: string): readonly unknown[] {
  if (!Array.isArray(value))
    throw new ArgumentError(`${op}: ${name} must be an array of ${of}, got ${describe(value)}`);
  return value;
}

/**
 * A number argument that goes on as it was given: a bigint, which {@link checkNumber} converts, would fail in arithmetic with numbers.
 * @throws ArgumentError
 */
export function assertNumber(op: string, name: string, value: unknown): asserts value is number {
  if (typeof value !== "number") throw new ArgumentError(`${op}: ${name} must be a number, got ${describe(value)}`);
}

/** A numeric argument. NaN and infinities are numbers, a bigint is the number next to it. @throws ArgumentError for anything else. */
export function checkNumber(op: string, name: string, value: unknown): number {
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "number") throw new ArgumentError(`${op}: ${name} must be a number, got ${describe(value)}`);
  return value;
}

/**
 * The options of an op that takes nothing but numbers: their values, those of `defaults` where none is given. A truth value counts as 1 or 0, as in
 * all of PyTorch's scalars.
 * @throws ArgumentError for an unknown option, and for what is no number.
 */
export function checkNumbers<K extends string>(
  op: string,
  options: Partial<Record<K, unknown>> | undefined,
  defaults: Readonly<Record<K, number>>,
): Record<K, number> {
  checkOptions(op, options, Object.keys(defaults));
  const values: Record<K, number> = { ...defaults };
  for (const name in options) {
    const value = options[name];
    if (value !== undefined) values[name] = typeof value === "boolean" ? Number(value) : checkNumber(op, name, value);
  }
  return values;
}

/** A flag. @throws ArgumentError unless it is true or false. */
export function checkFlag(op: string, name: string, value: unknown): boolean {
  if (typeof value !== "boolean")
    throw new ArgumentError(`${op}: ${name} must be true or false, got ${describe(value)}`);
  return value;
}

/** A value of the kind of its default, where that is a number or a flag. @throws ArgumentError for any other. */
export function checkLike(op: string, name: string, value: unknown, fallback: unknown): unknown {
  if (typeof fallback === "number") return checkNumber(op, name, value);
  return typeof fallback === "boolean" ? checkFlag(op, name, value) : value;
}

/** A text. @throws ArgumentError for anything else. */
export function checkString(op: string, name: string, value: unknown): string {
  if (typeof value !== "string") throw new ArgumentError(`${op}: ${name} must be a string, got ${describe(value)}`);
  return value;
}

/** Classes, whose `prototype` cannot be assigned as that of functions can; so the text, which costs more, is seldom read. */
const isClass = (value: object): boolean =>
  Object.getOwnPropertyDescriptor(value, "prototype")?.writable === false && /^class\b/.test(String(value));

/** A function that can be called without `new`. @throws ArgumentError for anything else. */
export function checkFunction(op: string, name: string, value: unknown): void {
  if (typeof value !== "function") throw new ArgumentError(`${op}: ${name} must be a function, got ${describe(value)}`);
  if (isClass(value))
    throw new ArgumentError(
      `${op}: ${name} must be a function, got class ${nameOf(value)}; pass (…) => new ${nameOf(value)}(…)`,
    );
}

/** A list from anything that can be iterated, but a text. @throws ArgumentError for anything else. */
export function checkIterable(op: string, name: string, value: unknown, of: string): unknown[] {
  // Modules are functions, and some of them have items.
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  if (isObject && Symbol.iterator in value) return [...(value as Iterable<unknown>)];
  throw new ArgumentError(`${op}: ${name} must be an iterable of ${of}, got ${describe(value)}`);
}

/** Whether what a caller gave is a name in `table`. Nothing but a string is: to make one of an object may throw. */
export const isKeyOf = <T extends object>(table: T, value: unknown): value is Extract<keyof T, string> =>
  typeof value === "string" && Object.hasOwn(table, value);

/** One of a few words. @throws ArgumentError that lists them. */
export function checkChoice<T extends string>(op: string, name: string, value: unknown, choices: readonly T[]): T {
  if (typeof value === "string" && (choices as readonly string[]).includes(value)) return value as T;
  throw new ArgumentError(
    `${op}: ${name} must be one of ${choices.map((choice) => JSON.stringify(choice)).join(", ")}, got ${describe(value)}`,
  );
}

/** What a function is that does not do all of its work when it is called, or undefined. */
function deferredKind(tag: unknown): string | undefined {
  if (tag === "AsyncFunction") return "an async function";
  return tag === "GeneratorFunction" || tag === "AsyncGeneratorFunction" ? "a generator function" : undefined;
}

const tagOf = (x: object): unknown => (x as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];

/** Whether a value stands for code that goes on after the call that returned it: a promise or a generator. */
export function isDeferred(x: unknown): x is object {
  if (typeof x !== "object" || x === null) return false;
  const tag = tagOf(x);
  return typeof (x as { then?: unknown }).then === "function" || tag === "Generator" || tag === "AsyncGenerator";
}

const notSynchronous = (op: string, got: string, hint: string): ArgumentError =>
  new ArgumentError(
    `${op}: takes a synchronous function, got ${got}, whose code would go on after ${op} has ended; ` +
      `await outside, and call ${op} around the operations between two awaits${hint}`,
  );

/** A function that is over when its call is, as far as its kind tells. @throws ArgumentError for async functions, generators, and what is no function. */
export function checkSynchronous(op: string, body: unknown, hint = ""): void {
  if (typeof body !== "function") throw new ArgumentError(`${op}: takes a function, got ${describe(body)}`);
  checkFunction(op, "its argument", body);
  const kind = deferredKind(tagOf(body));
  if (kind !== undefined) throw notSynchronous(op, kind, hint);
}

/**
 * What a function returned that must be over when its call is.
 * @throws ArgumentError for a promise or a generator. Nobody will wait for the promise any more, so its failure is no news.
 */
export function checkSettled(op: string, result: unknown, hint = ""): void {
  if (!isDeferred(result)) return;
  const { then } = result as { then?: unknown };
  if (typeof then !== "function") throw notSynchronous(op, "one that returns a generator", hint);
  then.call(
    result,
    () => {},
    () => {},
  );
  throw notSynchronous(op, "one that returns a promise", hint);
}
