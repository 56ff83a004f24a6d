/**
 * Declared functions and methods: the one way in which those of the public face take their arguments, by position or by name, and speak of themselves in
 * errors. `"input, dim?; keepdim; dtype"` (see `binding.ts`) lets users write `sum(x, 1, true)`, `sum(x, 1, { keepdim: true })` and
 * `sum(x, { dim: 1, keepdim: true })`.
 */
import { arrange, arrangeOpen, isPlainObject, type Parts, parse } from "./binding";
import { KindlingError } from "./errors";
import type { Declared, Implementation, Method, Named, Overloaded } from "./signatureTypes";

export type { Declared } from "./signatureTypes";

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

/** {@link isPlainObject} as fast as it can be told of a tensor: whatever is a plain object may be one, and few others. */
function mayNameArguments(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return value.constructor === Object || value.constructor === undefined;
}

/**
 * Sees calls of declared functions while a trace or a profile is made: the op, its arguments in the order of its parameters (those with names after a
 * `;;` in one object at the end), and what runs it. Gives the result of the call.
 */
export type Watcher = (op: Declared, given: readonly unknown[], run: () => unknown) => unknown;

let watcher: Watcher | undefined;

/** Lets `next` see every call, or nobody. @returns Who saw them before. */
export function watchCalls(next: Watcher | undefined): Watcher | undefined {
  const previous = watcher;
  watcher = next;
  look();
  return previous;
}

/**
 * Takes the place of calls while a function is compiled. It gets the op, whether the method was called, whose first argument is then `self`, the arguments
 * as they were written, and what runs the op without being asked again; what the op itself calls is then taken as well.
 */
export type Interceptor = (
  op: Declared,
  isMethod: boolean,
  self: unknown,
  given: ArrayLike<unknown>,
  run: (...given: any[]) => unknown,
) => unknown;

let interceptor: Interceptor | undefined;

/** Lets `next` take every call, or nobody. @returns Who took them before. */
export function interceptCalls(next: Interceptor | undefined): Interceptor | undefined {
  const previous = interceptor;
  interceptor = next;
  look();
  return previous;
}

/** Whether somebody takes calls. */
export const areCallsTaken = (): boolean => interceptor !== undefined;

/** Whether somebody sees or changes calls who must not miss any. */
export const areCallsSeen = (): boolean => watcher !== undefined || caster !== undefined;

/** Sees calls as a {@link Watcher} does, and may give `run` other arguments, as mixed precision does. */
export type Caster = (opName: string, given: readonly unknown[], run: Implementation) => unknown;

let caster: Caster | undefined;
/** Whether nobody sees calls. */
let isUnseen = true;

const look = (): void => {
  isUnseen = watcher === undefined && caster === undefined && interceptor === undefined;
};

/** Lets `next` choose the arguments of every call, or nobody. */
export function castCalls(next: Caster | undefined): void {
  caster = next;
  look();
}

/**
 * The key of how an object that stands for a tensor, but is none, computes ops: it is asked when an op has refused it, with the name of the op and the
 * arguments in the order of its parameters.
 */
export const computes: unique symbol = Symbol("computes");

type Computes = (op: string, given: readonly unknown[]) => unknown;

/** The first argument, or the first of a list of them, if it stands for a tensor. */
function standInAmong(first: unknown): { [computes]: Computes } | undefined {
  const x: any = Array.isArray(first) ? first[0] : first;
  return typeof x === "object" && x !== null && computes in x ? x : undefined;
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
  const cast = (ordered: readonly unknown[]): unknown =>
    caster === undefined ? implementation(...ordered) : caster(opName, ordered, implementation);
  const run = (ordered: readonly unknown[]): unknown =>
    watcher === undefined || standInAmong(ordered[0]) !== undefined
      ? cast(ordered)
      : watcher(call as unknown as Declared, ordered, () => cast(ordered));
  const long = (...given: unknown[]): unknown => run(order(prepare(), given));
  const longMethod = function (this: unknown, ...given: unknown[]): unknown {
    prepare();
    return others === undefined ? long(this, ...given) : run([this, ...order(others, given)]);
  };
  const failed = (error: unknown): unknown => renamed(error, opName, parts?.runsCode ?? false);
  // A call goes the long way unless somebody takes it.
  const asked = (...given: unknown[]): unknown =>
    interceptor === undefined
      ? long(...given)
      : interceptor(call as unknown as Declared, false, undefined, given, long);
  const askedMethod = function (this: unknown, ...given: unknown[]): unknown {
    return interceptor === undefined
      ? longMethod.apply(this, given)
      : interceptor(call as unknown as Declared, true, this, given, longMethod);
  };
  /** What the arguments that were refused compute themselves. @throws The error of the refusal if they don't. */
  const instead = (error: unknown, given: readonly unknown[]): unknown => {
    const other = standInAmong(given[0]);
    if (other === undefined) throw failed(error);
    try {
      return other[computes](opName, order(prepare(), given));
    } catch (next) {
      throw failed(next);
    }
  };
  // The usual calls have few arguments: no array is made of them. Engines hand `arguments` on without making an object of it.
  /* biome-ignore-start lint/complexity/noArguments: parameters that take the rest would make an array at every call. */
  const call = function (a?: unknown, b?: unknown, c?: unknown): unknown {
    const n = arguments.length;
    try {
      if (n >= least && n <= most && isUnseen) {
        if (n === 0) return implementation();
        if (n === 1 && !mayNameArguments(a)) return implementation(a);
        if (n === 2 && !mayNameArguments(b)) return implementation(a, b);
        if (n === 3 && !mayNameArguments(c)) return implementation(a, b, c);
        if (n > 3 && !mayNameArguments(arguments[n - 1])) return implementation.apply(undefined, arguments as never);
      }
      return asked.apply(undefined, arguments as never);
    } catch (error) {
      return instead(error, [...arguments]);
    }
  };
  const method = function (this: unknown, a?: unknown, b?: unknown): unknown {
    const n = arguments.length;
    try {
      if (n + 1 >= least && n < most && isUnseen) {
        if (n === 0) return implementation(this);
        if (n === 1 && !mayNameArguments(a)) return implementation(this, a);
        if (n === 2 && !mayNameArguments(b)) return implementation(this, a, b);
        if (n > 2 && !mayNameArguments(arguments[n - 1])) return implementation(this, ...arguments);
      }
      return askedMethod.apply(this, arguments as never);
    } catch (error) {
      throw failed(error);
    }
  };
  /* biome-ignore-end lint/complexity/noArguments: parameters that take the rest would make an array at every call. */
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
