/**
 * Arguments by position or by name: the one way in which functions, methods and constructors of the public face take them.
 *
 * A signature lists the names in PyTorch's order, in up to three parts that semicolons divide: parameters of the implementation (`?`: may be left out,
 * `...`: as many as are given, `{}`: its values may be plain objects, `()`: it runs code of the caller), options that PyTorch also takes by position, and options by name only.
 * `"input, dim?; keepdim; dtype"` lets users write `sum(x, 1, true)`, `sum(x, 1, { keepdim: true })` and `sum(x, { dim: 1, keepdim: true })`.
 */
import { checkFlag, checkNumber } from "./arguments";
import { checkDType, type DType } from "./dtype";
import { ArgumentError, describe, KindlingError } from "./errors";
import { Generator } from "./generator";
import type { Declared, Implementation, Method, Named, Overloaded } from "./signatureTypes";

export type { Declared } from "./signatureTypes";

import { camelCase } from "./snakeCase";

/** A signature, taken apart. */
export interface Parts {
  /** Names by position: the parameters, then the options that may stand by position. */
  readonly positions: readonly string[];
  /** All names. */
  readonly all: readonly string[];
  /** How many of the positions are parameters of the implementation. */
  readonly leading: number;
  /** How many of those a call must give. */
  readonly required: number;
  /** Where a plain object is a value and no list of names. */
  readonly objects: readonly boolean[];
  /** Whether the last parameter takes all values that are left. */
  readonly isOpen: boolean;
  /** Whether code of the caller runs within the call, whose errors speak of what it called. */
  readonly runsCode: boolean;
}

const listed = (text = ""): string[] =>
  text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");

/** Takes a signature apart. */
export function parse(signature: string): Parts {
  const [first, second, third] = signature.split(";").map(listed) as [string[], string[]?, string[]?];
  const leading = first.map((name) => name.replace(/^\.\.\.|(\{\}|\(\))?\??$/g, ""));
  const positions = [...leading, ...(second ?? [])];
  const optional = first.findIndex((name) => name.endsWith("?") || name.startsWith("..."));
  return {
    positions,
    all: [...positions, ...(third ?? [])],
    leading: leading.length,
    required: optional < 0 ? leading.length : optional,
    objects: first.map((name) => name.includes("{}")),
    isOpen: first.at(-1)?.startsWith("...") ?? false,
    runsCode: signature.includes("()"),
  };
}

/** What a method takes beside its tensor; undefined if that is one of the values that the last parameter takes. */
function withoutFirst(parts: Parts): Parts | undefined {
  const { positions, all, leading, required, objects } = parts;
  if (leading === 0 || (parts.isOpen && leading === 1)) return undefined;
  return {
    ...parts,
    positions: positions.slice(1),
    all: all.slice(1),
    leading: leading - 1,
    required: Math.max(0, required - 1),
    objects: objects.slice(1),
  };
}

/** Whether a value is a plain object, which as the last argument gives others by name. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** {@link isPlainObject} as fast as it can be told of a tensor: whatever is a plain object may be one, and few others. */
function mayNameArguments(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return value.constructor === Object || value.constructor === undefined;
}

/** What PyTorch's arguments of these names would do, where they cannot be had. */
const absent: Readonly<Record<string, string>> = {
  out: "results are always new tensors; assign the result, or copy it with out.copy_(result)",
  layout: "all tensors are strided",
  pinMemory: "memory is never paged to a device from here",
  memoryFormat: "all tensors are laid out row by row; use contiguous()",
};

const listOf = ({ all }: Parts): string =>
  all.length === 0 ? "it takes no arguments" : `the arguments are ${all.join(", ")}`;

function unknownName(op: string, name: string, parts: Parts): ArgumentError {
  const plain = name.replaceAll("_", "").toLowerCase();
  const meant = parts.all.find((known) => known.toLowerCase() === plain);
  const why = absent[camelCase(name)];
  const hint =
    meant !== undefined
      ? `did you mean ${meant}? ${name.includes("_") ? "Names are in camelCase here: " : ""}`
      : why === undefined
        ? ""
        : `${why}; `;
  return new ArgumentError(`${op}: unknown argument "${name}"; ${hint}${listOf(parts)}`);
}

/** PyTorch begins some names with a capital (`T_max`, `A`); here they may begin either way. */
const flipped = (name: string): string => {
  const first = name.charAt(0);
  return (first === first.toUpperCase() ? first.toLowerCase() : first.toUpperCase()) + name.slice(1);
};

/** A name as the signature has it. @throws ArgumentError if it has none such. */
function knownName(op: string, name: string, parts: Parts): string {
  if (parts.all.includes(name)) return name;
  const other = flipped(name);
  if (parts.all.includes(other)) return other;
  throw unknownName(op, name, parts);
}

/** Forgetting the braces of a callback is the usual way to give too many: `xs.map(torch.relu)` passes an index and the array as well. */
function tooMany(op: string, given: readonly unknown[], parts: Parts): ArgumentError {
  const isCallback = typeof given.at(-2) === "number" && Array.isArray(given.at(-1));
  const hint = isCallback ? `; as a callback of map write (x) => ${op}(x)` : "";
  return new ArgumentError(
    `${op}: takes at most ${parts.positions.length} arguments by position, got ${given.length} (the last: ${describe(given.at(-1))}); ${listOf(parts)}${hint}`,
  );
}

export const missing = (op: string, name: string, parts: Parts): ArgumentError =>
  new ArgumentError(`${op}: missing argument ${name}; ${listOf(parts)}`);

/** The last argument if it gives others by name. In a position that takes plain objects it must give that one by name, too. */
export function namesIn(given: readonly unknown[], parts: Parts): Record<string, unknown> | undefined {
  const at = given.length - 1;
  const last = given[at];
  if (!isPlainObject(last)) return undefined;
  if (parts.objects[at] !== true) return last;
  const own = parts.positions[at]!;
  return Object.hasOwn(last, own) && Object.keys(last).every((name) => parts.all.includes(name)) ? last : undefined;
}

/**
 * Tells apart what a call gives by position and by name, and calls `put` with each value and its name; undefined counts as not given.
 * @throws {@link ArgumentError} for too many values, for a name that is unknown or given twice.
 */
export function bind(op: string, parts: Parts, given: readonly unknown[], put: (name: string, value: unknown) => void) {
  const names = namesIn(given, parts);
  let count = names === undefined ? given.length : given.length - 1;
  while (count > parts.positions.length && given[count - 1] === undefined) count--;
  if (count > parts.positions.length) throw tooMany(op, given, parts);
  for (let i = 0; i < count; i++) if (given[i] !== undefined) put(parts.positions[i]!, given[i]);
  for (const written in names) {
    const name = knownName(op, written, parts);
    const value = names[written];
    if (value === undefined) continue;
    const at = parts.positions.indexOf(name);
    if (at >= 0 && at < count && given[at] !== undefined)
      throw new ArgumentError(`${op}: got ${name} twice, by position and by name; ${listOf(parts)}`);
    put(name, value);
  }
}

/** Gives the value, of the kind that is wanted: a bigint becomes a number. */
type Check = (op: string, name: string, value: unknown) => unknown;

const generator: Check = (op, name, value) => {
  if (value !== null && !(value instanceof Generator))
    throw new ArgumentError(`${op}: ${name} must be a torch.Generator, got ${describe(value)}`);
  return value;
};

/** Factors are scalars of PyTorch, of which truth values are a kind. */
const factor: Check = (op, name, value) => (typeof value === "boolean" ? value : checkNumber(op, name, value));

const kinds: readonly (readonly [Check, string])[] = [
  [
    checkFlag,
    "keepdim, asTuple, accumulate, replacement, withReplacement, increasing, returnInverse, returnCounts, copy, nonBlocking, " +
      "largest, sorted, descending, stable, inplace, training, ceilMode, countIncludePad, alignCorners, " +
      "returnIndices, unbiased, fullMatrices, left, unitriangular, requiresGrad, createGraph, strict, center, normalized, onesided, returnComplex",
  ],
  [factor, "alpha, beta"],
  [checkNumber, "eps, momentum, negativeSlope, correction, labelSmoothing"],
  [(op, _, value) => checkDType(op, value as DType), "dtype"],
  [generator, "generator"],
];

/** Checks of options whose name says what they take, whichever op has them. */
const checks: ReadonlyMap<string, Check> = new Map(
  kinds.flatMap(([check, names]) => listed(names).map((name) => [name, check] as const)),
);

/** Names for which null means what undefined does: as None in PyTorch. */
const optional: ReadonlySet<string> = new Set(["dtype", "device", "generator", "alignCorners", "eps"]);

/** What PyTorch's deprecated flags of losses ask for. */
function oldReduction(op: string, { sizeAverage, reduce }: Record<string, unknown>): string {
  const isOn = (name: string, value: unknown) => value == null || checkFlag(op, name, value);
  const isMean = isOn("sizeAverage", sizeAverage);
  return !isOn("reduce", reduce) ? "none" : isMean ? "mean" : "sum";
}

/** Turns the deprecated flags `sizeAverage` and `reduce` of losses into a `reduction`, over which they win. */
export function foldReduction(op: string, values: Record<string, unknown>): void {
  if (values.sizeAverage != null || values.reduce != null) values.reduction = oldReduction(op, values);
  for (const name of ["sizeAverage", "reduce"]) delete values[name];
}

/** The arguments of an implementation: its parameters, and after them one object of options if any is given. */
export function arrange(op: string, parts: Parts, given: readonly unknown[]): unknown[] {
  const { positions, leading, required } = parts;
  const values: unknown[] = new Array(leading).fill(undefined);
  let options: Record<string, unknown> | undefined;
  bind(op, parts, given, (name, value) => {
    const at = positions.indexOf(name);
    if (at >= 0 && at < leading) {
      values[at] = value;
      return;
    }
    if (value === null && optional.has(name)) return;
    options ??= {};
    const check = checks.get(name);
    options[name] = check === undefined ? value : check(op, name, value);
  });
  for (let i = 0; i < required; i++)
    if (values[i] === undefined && i >= given.length - (namesIn(given, parts) === undefined ? 0 : 1))
      throw missing(op, positions[i]!, parts);
  if (options !== undefined) {
    if (parts.all.includes("sizeAverage") && ("sizeAverage" in options || "reduce" in options))
      foldReduction(op, options);
    values.push(options);
  }
  return values;
}

/** The arguments of an implementation whose last parameter takes all values that are left; by name they are one array. */
export function arrangeOpen(op: string, parts: Parts, given: readonly unknown[]): readonly unknown[] {
  const names = namesIn(given, parts);
  const values = names === undefined ? given : given.slice(0, -1);
  const last = parts.leading - 1;
  const options: Record<string, unknown> = {};
  const leading = values.slice(0, last);
  let rest = values.slice(last);
  const put = (name: string, value: unknown): void => {
    const at = parts.positions.indexOf(name);
    if (at >= 0 && at <= last && values.length > at)
      throw new ArgumentError(`${op}: got ${name} twice, by position and by name; ${listOf(parts)}`);
    if (at === last) rest = Array.isArray(value) ? value : [value];
    else if (at >= 0 && at < last) leading[at] = value;
    else if (value !== null || !optional.has(name)) {
      checks.get(name)?.(op, name, value);
      options[name] = value;
    }
  };
  for (const written in names) {
    const name = knownName(op, written, parts);
    if (names[written] !== undefined) put(name, names[written]);
  }
  for (let i = 0; i < parts.required; i++)
    if (leading[i] === undefined && i >= values.length) throw missing(op, parts.positions[i]!, parts);
  return Object.keys(options).length === 0 ? [...leading, ...rest] : [...leading, ...rest, options];
}

const knownParts = new Map<string, Parts>();

/** {@link parse}, once for each text. */
export function partsOf(signature: string): Parts {
  const known = knownParts.get(signature);
  if (known !== undefined) return known;
  const parts = parse(signature);
  knownParts.set(signature, parts);
  return parts;
}

/**
 * The arguments of a constructor or method by name, as the call gave them by position or by name.
 * @param op The class, or class and method, that errors name.
 * @throws {@link ArgumentError} for what is missing, unknown, given twice, or of another kind than all arguments of its name.
 * @example const { optimizer, stepSize, gamma = 0.1 } = argumentsOf<StepLRArguments>("StepLR", "optimizer, stepSize; gamma", given);
 */
export function argumentsOf<V extends object>(op: string, signature: string, given: readonly unknown[]): V {
  const parts = partsOf(signature);
  const values: Record<string, unknown> = {};
  bind(op, parts, given, (name, value) => {
    if (value === null && optional.has(name)) return;
    checks.get(name)?.(op, name, value);
    values[name] = value;
  });
  for (let i = 0; i < parts.required; i++) {
    const name = parts.positions[i]!;
    if (!(name in values)) throw missing(op, name, parts);
  }
  return values as V;
}

/** The names of all ops, by which an error is known to speak of one. */
const ops = new Set<string>();

/**
 * Lets an error speak of the op that was called and of no part of it: `onesLike: dtype …` and not `newFull: dtype …`.
 * @param keepsPart Whether the part is named too, as for layers that are made of others.
 * @returns What was thrown.
 */
export function renamed(error: unknown, op: string, runsCode = false, keepsPart = false): unknown {
  if (!(error instanceof KindlingError)) return error;
  const old = error.message;
  const first = /^[\w.]+/.exec(old)?.[0] ?? "";
  const speaksOfPart = !keepsPart && ops.has(first) && old.startsWith(": ", first.length);
  // What code of the caller called is no part of this op.
  if (first === op || (speaksOfPart && runsCode)) return error;
  error.message = `${op}: ${speaksOfPart ? old.slice(first.length + 2) : old}`;
  if (error.stack !== undefined) error.stack = error.stack.replace(old, () => error.message);
  return error;
}

/** Lets errors of methods and layers be known by their names, as those of ops are. */
export function addNames(names: readonly string[]): void {
  for (const name of names) ops.add(name);
}

/** Runs a part of `op`, whose errors speak of `op`. */
export function within<T>(op: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw renamed(error, op);
  }
}

/**
 * Declares a public function. Users call it with arguments by position or by name; `given` gets its parameters and, after them, at most one
 * object of options, whose names and common kinds have been checked. An error that it throws names this op, whichever part failed.
 * @example
 * export const cumsum = named("cumsum", "input, dim;; dtype", (x: Tensor, dim: number, options: { dtype?: DType } = {}): Tensor => …);
 */
export function named<const S extends string, F extends CallableFunction>(
  opName: string,
  signature: S,
  /** Not of a type with parameters: from that one those with a default would get theirs, which is any. */
  given: F,
): Named<S, Extract<F, Implementation>> {
  const implementation = given as unknown as Implementation;
  ops.add(opName);
  let parts: Parts | undefined;
  let others: Parts | undefined;
  // How many values are taken as they are; known from the first call on, which goes the long way.
  let [least, most] = [0, -1];
  const prepare = (): Parts => {
    if (parts === undefined) {
      parts = parse(signature);
      others = withoutFirst(parts);
      least = parts.required;
      most = parts.isOpen ? Number.POSITIVE_INFINITY : parts.leading;
    }
    return parts;
  };
  const order = (own: Parts, given: readonly unknown[]) =>
    own.isOpen ? arrangeOpen(opName, own, given) : arrange(opName, own, given);
  const long = (given: readonly unknown[]): unknown => implementation(...order(prepare(), given));
  const longMethod = (self: unknown, given: readonly unknown[]): unknown => {
    prepare();
    return others === undefined ? long([self, ...given]) : implementation(self, ...order(others, given));
  };
  const failed = (error: unknown): unknown => renamed(error, opName, parts?.runsCode ?? false);
  // The usual calls have few arguments: no array is made of them.
  const call = function (a?: unknown, b?: unknown, c?: unknown, ...rest: unknown[]): unknown {
    // biome-ignore lint/complexity/noArguments: an array of all of them would cost more than the check.
    const n = arguments.length;
    try {
      if (n >= least && n <= most) {
        if (n === 0) return implementation();
        if (n === 1 && !mayNameArguments(a)) return implementation(a);
        if (n === 2 && !mayNameArguments(b)) return implementation(a, b);
        if (n === 3 && !mayNameArguments(c)) return implementation(a, b, c);
        if (n > 3 && !mayNameArguments(rest.at(-1))) return implementation(a, b, c, ...rest);
      }
      return long([a, b, c].slice(0, n).concat(rest));
    } catch (error) {
      throw failed(error);
    }
  };
  const method = function (this: unknown, a?: unknown, b?: unknown, ...rest: unknown[]): unknown {
    // biome-ignore lint/complexity/noArguments: as above.
    const n = arguments.length;
    try {
      if (n + 1 >= least && n < most) {
        if (n === 0) return implementation(this);
        if (n === 1 && !mayNameArguments(a)) return implementation(this, a);
        if (n === 2 && !mayNameArguments(b)) return implementation(this, a, b);
        if (n > 2 && !mayNameArguments(rest.at(-1))) return implementation(this, a, b, ...rest);
      }
      return longMethod(this, [a, b].slice(0, n).concat(rest));
    } catch (error) {
      throw failed(error);
    }
  };
  for (const f of [call, method]) Object.defineProperty(f, "name", { value: opName });
  return Object.assign(call, { opName, signature, method, implementation }) as unknown as Named<
    S,
    Extract<F, Implementation>
  >;
}

/** {@link named} for functions that give a promise; its failures speak of the op as well. */
export const namedAsync = <const S extends string, F extends (...args: any[]) => Promise<unknown>>(
  opName: string,
  signature: S,
  implementation: F,
): Named<S, F> =>
  named(opName, signature, (...args: unknown[]) =>
    implementation(...args).catch((error: unknown) => {
      throw renamed(error, opName, signature.includes("()"));
    }),
  ) as unknown as Named<S, F>;

/**
 * Lets methods of a class take arguments by name, and their errors speak of them.
 * @param signatures The signature of each, without the object that it is a method of.
 */
export function declareMethods<T extends object>(
  { prototype }: { readonly prototype: T },
  signatures: Readonly<Partial<Record<Exclude<keyof T & string, "toString">, string>>>,
): void {
  for (const [name, signature] of Object.entries(signatures) as [string, string][]) {
    const body = (prototype as Record<string, Implementation>)[name]!;
    const self = signature === "" || signature.startsWith(";") ? "self" : "self, ";
    const { method } = named(name, self + signature, (object: unknown, ...args: unknown[]) =>
      body.apply(object, args),
    ) as unknown as Declared;
    Object.defineProperty(prototype, name, { value: method, writable: true, configurable: true });
  }
}

/** {@link named} for functions of several or generic types, which stay as they are beside those of the signature. */
export const overloaded = <const S extends string, F extends Implementation>(
  opName: string,
  signature: S,
  implementation: F,
): F & Named<S, F> => named(opName, signature, implementation) as unknown as F & Named<S, F>;

/** Another name of a public function, which its errors use. */
export function alias<T extends Declared>(opName: string, op: T): T {
  const { opName: _, signature, method: __, implementation, ...own } = op as Declared;
  return Object.assign(named(opName, signature, implementation), own) as unknown as T;
}

/**
 * Lets calls leave out an optional parameter that is not the last, as `arange(end)` does: `isLeftOut` says of the
 * values by position (the first of a method: its tensor) and of those by name whether the one at `at` is missing.
 */
export function skipping<T extends Declared>(
  op: T,
  at: number,
  isLeftOut: (given: readonly unknown[], names?: Readonly<Record<string, unknown>>) => boolean,
): T {
  const { opName, method: _, ...own } = op as Declared;
  const call = (...given: unknown[]): unknown => {
    const last = given.at(-1);
    const isShort = isPlainObject(last) ? isLeftOut(given.slice(0, -1), last) : isLeftOut(given);
    return (op as unknown as Implementation)(...(isShort ? given.toSpliced(at, 0, undefined) : given));
  };
  const method = function (this: unknown, ...given: unknown[]): unknown {
    return call(this, ...given);
  };
  for (const f of [call, method]) Object.defineProperty(f, "name", { value: opName });
  return Object.assign(call, { ...own, opName, method }) as unknown as T;
}

/** A public function whose method is another: it takes its arguments in another order, or under other names. */
export function withMethod<T extends Declared, M extends Declared>(op: T, { method }: M): Overloaded<T, Method<M>> {
  return Object.assign(op, { method }) as unknown as Overloaded<T, Method<M>>;
}
