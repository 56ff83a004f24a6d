/** What a checkpoint holds of a training run, and how it gets back into it. */
import { classNameOf } from "../core/className";
import { ArgumentError, describe, StateError } from "../core/errors";
import { defaultGenerator, Generator } from "../core/generator";
import { sameShape, shapeText } from "../core/shape";
import { Module } from "../nn/module/module";
import { Optimizer } from "../optim/optimizer";
import { packState } from "../optim/stateDict";
import { Tensor } from "../tensor/tensor";

/** Anything that can be saved and loaded. */
export interface Stateful {
  stateDict(): any;
  loadStateDict(state: any): unknown;
}

/** One thing or several, in an array or by name. */
export type Some<T> = T | readonly T[] | Readonly<Record<string, T>>;

/** The parts with a state of their own, in the order in which they are loaded. */
export const PARTS = ["model", "optimizer", "scheduler", "scaler", "loader"] as const;

/** The parts of a run. */
export type Parts = { readonly [K in (typeof PARTS)[number]]?: Some<Stateful> } & {
  readonly generator?: Some<Generator>;
  readonly gradients: boolean;
};

const isStateful = (x: unknown): x is Stateful =>
  (typeof x === "object" || typeof x === "function") &&
  x !== null &&
  typeof (x as Stateful).stateDict === "function" &&
  typeof (x as Stateful).loadStateDict === "function";

const isRecord = (x: unknown): x is Record<string, unknown> =>
  typeof x === "object" && x !== null && [Object.prototype, null].includes(Object.getPrototypeOf(x));

/** The things of a part with their names, "" for one alone. @throws ArgumentError for what is no such thing. */
function listed<T>(
  op: string,
  part: string,
  given: unknown,
  isOne: (x: unknown) => x is T,
  what: string,
): [string, T][] {
  if (given === undefined || given === null) return [];
  if (isOne(given)) return [["", given]];
  const wrong = (name: string, value: unknown) =>
    new ArgumentError(`${op}: ${name} must be ${what}, or an array or an object of such, got ${describe(value)}`);
  if (!Array.isArray(given) && !isRecord(given)) throw wrong(part, given);
  return Object.entries(given).map(([name, x]) => {
    if (isOne(x)) return [name, x];
    throw wrong(`${part}.${name}`, x);
  });
}

const statefulOf = (op: string, part: string, given: unknown): [string, Stateful][] =>
  listed(op, part, given, isStateful, "something with stateDict() and loadStateDict()");

const generatorsOf = (op: string, given: unknown): [string, Generator][] =>
  listed(op, "generator", given, (x): x is Generator => x instanceof Generator, "a Generator");

/** @throws ArgumentError for what cannot be part of a checkpoint. */
export function checkParts(op: string, parts: Parts): void {
  for (const part of PARTS) statefulOf(op, part, parts[part]);
  generatorsOf(op, parts.generator);
}

const record = <T>(items: readonly [string, T][]): Record<string, T> => Object.fromEntries(items);

const isPlainOptimizer = (x: Stateful): x is Optimizer =>
  x instanceof Optimizer && x.stateDict === Optimizer.prototype.stateDict;

/** State dicts of optimizers have numbers as float32, as PyTorch's do; here they are what they are. */
function stateOf(x: Stateful): unknown {
  if (!isPlainOptimizer(x)) return x.stateDict();
  return { ...packState(x.paramGroups, x.state, {}), steps: x.stepCount };
}

/** The state of a run as it is now. Tensors are not copied. */
export function captureParts(op: string, parts: Parts): Record<string, unknown> {
  const state: Record<string, unknown> = {};
  for (const part of PARTS) {
    const items = statefulOf(op, part, parts[part]);
    if (items.length > 0) state[part] = record(items.map(([name, x]) => [name, stateOf(x)]));
  }
  if (parts.gradients) state.gradients = record(gradientsOf(op, parts));
  state.random = {
    default: defaultGenerator.getState(),
    generators: record(generatorsOf(op, parts.generator).map(([name, x]) => [name, x.getState()])),
  };
  return state;
}

function parametersOf(op: string, parts: Parts): [string, Tensor][] {
  return statefulOf(op, "model", parts.model).flatMap(([name, model]) =>
    model instanceof Module
      ? [...model.namedParameters()].map(([key, x]): [string, Tensor] => [name === "" ? key : `${name}.${key}`, x])
      : [],
  );
}

const gradientsOf = (op: string, parts: Parts): [string, Tensor][] =>
  parametersOf(op, parts).flatMap(([name, { ownGrad }]): [string, Tensor][] =>
    ownGrad === null ? [] : [[name, ownGrad.detach()]],
  );

/**
 * Puts a saved state into the parts of a run. Everything is compared first.
 * @param file For messages.
 * @param only Parts to be loaded; the others stay as they are. Without it, all, and there must be no others in the file.
 * @throws StateError naming what does not fit.
 */
export function restoreParts(
  op: string,
  parts: Parts,
  state: Readonly<Record<string, any>>,
  file: string,
  only?: readonly string[],
): void {
  const given = PARTS.filter((part) => statefulOf(op, part, parts[part]).length > 0);
  const chosen = only === undefined ? given : given.filter((part) => only.includes(part));
  const fail = (why: string, cause?: unknown) => new StateError(`${op}: "${file}": ${why}`, { cause });
  for (const part of chosen) if (state[part] === undefined) throw fail(`has no ${part}; it was saved without`);
  const lost = only === undefined ? PARTS.filter((part) => state[part] !== undefined && !given.includes(part)) : [];
  if (lost.length > 0) throw fail(`was saved with ${lost.join(" and ")}, which this checkpoint was not given`);
  const pairs = chosen.flatMap((part) => pairsOf(op, part, parts, state[part], fail));
  for (const { what, x, saved } of pairs) checkPart(what, x, saved, fail);
  // Optimizers refuse what does not fit before they change anything; models were compared.
  const last = (x: Stateful) => Number(x instanceof Module);
  for (const { what, x, saved } of [...pairs].sort((a, b) => last(a.x) - last(b.x))) {
    try {
      x.loadStateDict(saved);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw fail(`${what}: ${error.message}`, error);
    }
    if (isPlainOptimizer(x)) x.stepCount = saved.steps ?? 0;
  }
  if (only === undefined || only.includes("gradients")) restoreGradients(op, parts, state.gradients);
  if (only === undefined || only.includes("random")) restoreRandom(op, parts, state.random, fail);
}

interface Pair {
  readonly what: string;
  readonly x: Stateful;
  readonly saved: any;
}

type Fail = (why: string, cause?: unknown) => StateError;

function pairsOf(op: string, part: string, parts: any, saved: any, fail: Fail): Pair[] {
  const items = statefulOf(op, part, parts[part]);
  checkNames(
    part,
    Object.keys(saved),
    items.map(([name]) => name),
    fail,
  );
  return items.map(([name, x]) => ({ what: name === "" ? part : `${part} ${name}`, x, saved: saved[name] }));
}

function checkNames(what: string, saved: readonly string[], given: readonly string[], fail: Fail): void {
  const list = (names: readonly string[]) =>
    names.map((name) => (name === "" ? "one alone" : `"${name}"`)).join(", ") || "none";
  if (saved.length !== given.length || given.some((name) => !saved.includes(name)))
    throw fail(`the ${what}s are others: saved were ${list(saved)}, given are ${list(given)}`);
}

function checkPart(what: string, x: Stateful, saved: any, fail: Fail): void {
  if (x instanceof Module) checkModel(what, x, saved, fail);
  else if (isPlainOptimizer(x)) checkOptimizer(what, x, saved, fail);
}

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(", ");

/** @throws StateError naming every tensor that does not fit. */
function checkModel(what: string, model: Module, saved: Record<string, unknown>, fail: Fail): void {
  const own = model.stateDict() as Record<string, unknown>;
  const missing = Object.keys(own).filter((key) => !Object.hasOwn(saved, key));
  const unexpected = Object.keys(saved).filter((key) => !Object.hasOwn(own, key));
  const lines: string[] = [];
  if (missing.length > 0) lines.push(`missing key(s): ${quoted(missing)}`);
  if (unexpected.length > 0) lines.push(`unexpected key(s): ${quoted(unexpected)}`);
  for (const [key, x] of Object.entries(own)) {
    const y = saved[key];
    if (!(x instanceof Tensor) || !(y instanceof Tensor) || (x as { isUninitialized?: boolean }).isUninitialized)
      continue;
    if (!sameShape(x.shape, y.shape))
      lines.push(
        `size mismatch for ${key}: ${shapeText(y.shape)} in the checkpoint, ${shapeText(x.shape)} in the model`,
      );
    else if (x.dtype !== y.dtype) lines.push(`${key} is ${y.dtype} in the checkpoint, ${x.dtype} in the model`);
  }
  if (lines.length > 0) throw fail(`it is a checkpoint of another model (${what}):\n\t${lines.join("\n\t")}`);
}

/** Options of groups tell optimizers apart. Schedulers add `initial_lr`. */
function checkOptimizer(what: string, optimizer: Optimizer, saved: any, fail: Fail): void {
  const own = packState(optimizer.paramGroups, new Map(), {}).param_groups;
  own.forEach((group, i) => {
    const theirs = saved.param_groups?.[i];
    if (theirs === undefined) return;
    const differ = (a: object, b: object) =>
      Object.keys(a).filter((key) => key !== "initial_lr" && !Object.hasOwn(b, key));
    const [missing, unexpected] = [differ(group, theirs), differ(theirs, group)];
    if (missing.length + unexpected.length > 0)
      throw fail(
        `it is a checkpoint of another optimizer (${what}): of ${classNameOf(optimizer)}'s options it has no ${quoted(missing) || "others"}` +
          (unexpected.length > 0 ? `, and it has ${quoted(unexpected)}` : ""),
      );
  });
}

function restoreGradients(op: string, parts: Parts, saved: Readonly<Record<string, Tensor>> | undefined): void {
  if (!parts.gradients) return;
  for (const [name, x] of parametersOf(op, parts)) x.takeGrad(saved?.[name] ?? null);
}

function restoreRandom(op: string, parts: Parts, saved: any, fail: Fail): void {
  const items = generatorsOf(op, parts.generator);
  checkNames(
    "generator",
    Object.keys(saved.generators),
    items.map(([name]) => name),
    fail,
  );
  for (const [name, generator] of items) generator.setState(saved.generators[name]);
  defaultGenerator.setState(saved.default);
}

/** Gives the memory of loaded tensors back that were copied: those of modules and of the library's optimizers. */
export function disposeCopied(op: string, parts: Parts, tensors: Readonly<Record<string, Tensor>>): void {
  const isCopied = (part: "model" | "optimizer") =>
    statefulOf(op, part, parts[part]).every(([, x]) => x instanceof Module || isPlainOptimizer(x));
  const copied = (["model", "optimizer"] as const).filter(isCopied);
  for (const [name, x] of Object.entries(tensors))
    if (copied.some((part) => name.startsWith(`${part}.`)) && !name.includes("_extra_state") && x.isAlive) x.dispose();
}
