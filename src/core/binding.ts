/**
 * Arguments by position or by name: tells apart what a call gives, by the signature of what is called.
 *
 * A signature lists the names in PyTorch's order, in up to three parts that semicolons divide: parameters of the implementation (`?`: may be left out,
 * `...`: as many as are given, `{}`: its values may be plain objects, `()`: it runs code of the caller), options that PyTorch also takes by position,
 * and options by name only.
 */
import { checkFlag, checkNumber } from "./arguments";
import { checkDType, type DType } from "./dtype";
import { ArgumentError, describe } from "./errors";
import { Generator } from "./generator";
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

/** Whether a value is a plain object, which as the last argument gives others by name. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
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
      "returnIndices, unbiased, fullMatrices, left, unitriangular, requiresGrad, createGraph, strict, center, normalized, onesided, returnComplex, " +
      "includeSelf, periodic, density, right, outInt32, wrap, implicit, unsafe, sparse, scaleGradByFreq, useInputStats, batchFirst, " +
      "errorIfNonfinite, checkNan, hasAux, vectorize, raiseException, fullgraph, recomputeScaleFactor",
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

/** A value of the kind that its name has in all ops, if it has one. */
const checked: Check = (op, name, value) => {
  const check = checks.get(name);
  return check === undefined ? value : check(op, name, value);
};

/** Names for which null means what undefined does: as None in PyTorch. */
const optional: ReadonlySet<string> = new Set(
  listed("dtype, device, generator, alignCorners, recomputeScaleFactor, eps"),
);

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
    options[name] = checked(op, name, value);
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
    else if (value !== null || !optional.has(name)) options[name] = checked(op, name, value);
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
    if (value !== null || !optional.has(name)) values[name] = checked(op, name, value);
  });
  for (let i = 0; i < parts.required; i++) {
    const name = parts.positions[i]!;
    if (!(name in values)) throw missing(op, name, parts);
  }
  return values as V;
}
