/** Scopes that give the memory of temporaries back at once. */
import { checkSettled, checkSynchronous } from "../core/arguments";
import { type Holder, Reach, type Recorded, stepsBehind, type Temporary } from "./reach";

export class Scope {
  readonly tensors: Temporary[] = [];
  /** Steps of the graph recorded inside. Like the other lists, made when it is needed: every node of a backward has a scope. */
  steps: Recorded[] | undefined;
  /** Tensors that were given another history inside. */
  changed: Temporary[] | undefined;
  /** Gradients and buffers that users have read inside. */
  lent: Set<Temporary> | undefined;
  /** Modules that were called, and optimizers that made a step. */
  holders: Set<Holder> | undefined;

  constructor(
    readonly outer: Scope | undefined,
    /** Opened by the library around its own temporaries, not by a user. */
    readonly isInternal: boolean,
    /** Opened around a module of the library that calls others. */
    readonly isComposite = false,
  ) {}
}

let current: Scope | undefined;

/** Called by every new tensor. */
export function enroll(tensor: Temporary): void {
  if (current === undefined) tensor.storage.watch();
  else current.tensors.push(tensor);
}

/** Called by every new step of the graph that has saved something. */
export function enrollStep(step: Recorded): void {
  addStep(current, step);
}

/** Where no scope is open, everything was made known to the collector when it was made. */
function addStep(scope: Scope | undefined, step: Recorded): void {
  if (scope === undefined) return;
  scope.steps ??= [];
  scope.steps.push(step);
}

/** Called when a tensor gets another history. */
export function noteHistory(tensor: Temporary): void {
  addChanged(current, [tensor]);
}

function addChanged(scope: Scope | undefined, tensors: readonly Temporary[] | undefined): void {
  if (scope === undefined || tensors === undefined) return;
  scope.changed ??= [];
  for (const tensor of tensors) scope.changed.push(tensor);
}

/** Called when a module is called or an optimizer makes a step. */
export function noteUse(holder: Holder): void {
  if (current === undefined) return;
  const scope = userScope();
  if (scope !== undefined) addHolder(scope, holder);
}

/** The library's own classes, which mark what is to outlive scopes themselves. */
const ownClasses = new WeakSet<object>();

/** @internal */
export function registerClasses(values: Iterable<unknown>): void {
  for (const value of values) if (typeof value === "function") ownClasses.add(value);
}

const isOwn = (holder: Holder): boolean => ownClasses.has(holder.constructor);

function addHolder(scope: Scope, holder: Holder): void {
  scope.holders ??= new Set();
  scope.holders.add(holder);
}

function userScope(): Scope | undefined {
  let scope = current;
  while (scope?.isInternal) scope = scope.outer;
  return scope;
}

/** A user reads a gradient or buffer. What is read inside of a scope is the user's until the scope ends; outside of all, for good. */
export function lend(tensor: Temporary): void {
  const scope = userScope();
  if (scope === undefined) tensor.isShared = true;
  else addLent(scope, tensor);
}

function addLent(scope: Scope, tensor: Temporary): void {
  scope.lent ??= new Set();
  scope.lent.add(tensor);
}

/** A user makes a tensor a gradient or buffer. If it was made inside of a scope, it is the user's until the scope ends; otherwise for good. */
export function adopt(tensor: Temporary): void {
  let scope = current;
  while (scope !== undefined && scope.tensors.lastIndexOf(tensor) < 0) scope = scope.outer;
  if (scope === undefined || tensor.isKept) tensor.isShared = true;
  else addLent(scope, tensor);
  tensor.isKept = true;
}

/** A tensor is no longer a gradient or buffer: it is given back, now or, if users hold it, with the scope in which they do. */
export function retire(tensor: Temporary): void {
  if (tensor.isShared) return;
  tensor.isKept = false;
  for (let scope = current; scope !== undefined; scope = scope.outer)
    if (scope.lent?.has(tensor)) {
      scope.tensors.push(tensor);
      return;
    }
  tensor.dispose();
}

/** Disposes a tensor whose scope ends, unless it lives on: in the scope around it, or on its own. */
function settle(tensor: Temporary, survives: boolean, outer: Scope | undefined): void {
  if (survives || tensor.isKept) {
    if (outer === undefined) tensor.storage.watch();
    else outer.tensors.push(tensor);
  } else {
    if (tensor.ownGrad !== null) tensor.takeGrad(null);
    tensor.dispose();
  }
}

/**
 * What modules and optimizers of users' classes that were used in a scope hold in their fields lives on, in the scope around it or left to the
 * collector: a variable that no scope can see may hold them.
 */
function settleHolders({ holders, outer }: Scope, found: Reach, isTensor: IsTensor): void {
  if (holders === undefined) return;
  const kept = new Reach(isTensor, MOST_ITEMS, false);
  for (const holder of holders) {
    if (!isOwn(holder)) kept.addHolder(holder);
    if (outer !== undefined) addHolder(outer, holder);
  }
  for (const tensor of kept.tensors) found.addTensor(tensor);
}

/** Only the end of longer lists in the fields of modules is looked at, where something is added. */
const MOST_ITEMS = 1000;

function without(list: readonly Temporary[], others: readonly Temporary[]): Temporary[] {
  const set = new Set(others);
  return list.filter((tensor) => !set.has(tensor));
}

const hasHistory = ({ node, origin }: Temporary): boolean => node !== null || origin !== null;

/** Releases the part of the graph that nothing leads to any more. */
function settleGraph({ steps, tensors, changed, outer }: Scope, found: Reach): void {
  const outlive = changed === undefined ? [] : without(changed, tensors);
  addChanged(outer, outlive);
  const open = steps === undefined ? [] : steps.filter((step) => !step.isReleased);
  if (open.length === 0) return;
  const roots: Temporary[] = outlive;
  for (const tensor of found.tensors) if (hasHistory(tensor)) roots.push(tensor);
  for (const tensor of tensors) if (tensor.isKept && hasHistory(tensor)) roots.push(tensor);
  if (roots.length === 0) {
    for (const step of open) step.release();
    return;
  }
  let first = Number.POSITIVE_INFINITY;
  for (const { sequence } of open) if (sequence < first) first = sequence;
  const reached = stepsBehind(roots, first, found);
  for (const step of open)
    if (!reached.has(step)) step.release();
    else if (outer === undefined) step.watch();
    else addStep(outer, step);
}

const asyncHint = "; or dispose what is made with `using x = …` and x.dispose(), or leave it to the collector";

type IsTensor = (x: object) => boolean;

/**
 * Runs `body` and disposes the tensors that it made, but for those in its result and those that are kept (parameters, buffers, gradients
 * of leaves, the state of optimizers). Of the graph, what can still be reached from those stays alive.
 */
export function runInScope<R>(op: string, body: () => R, isTensor: IsTensor): R {
  checkSynchronous(op, body, asyncHint);
  const outer = current;
  const mine = new Scope(outer, false);
  current = mine;
  const found = new Reach(isTensor);
  try {
    const result = body();
    found.add(result);
    if (found.deferred !== undefined) found.clear();
    checkSettled(op, found.deferred, asyncHint);
    return result;
  } finally {
    current = outer;
    for (const tensor of found.tensors) if (tensor.isKept) lend(tensor);
    settleHolders(mine, found, isTensor);
    settleGraph(mine, found);
    for (const tensor of mine.tensors) settle(tensor, found.tensors.has(tensor), outer);
  }
}

/** The same around the library's own temporaries: those that `body` returns, and those that users may hold, go to the enclosing scope. */
export function runInternally<R extends readonly unknown[]>(body: () => R): R {
  const mine = new Scope(current, true);
  current = mine;
  let survivors: readonly unknown[] = [];
  try {
    const result = body();
    survivors = result;
    return result;
  } finally {
    closeInternal(mine, survivors);
  }
}

function closeInternal(mine: Scope, survivors: readonly unknown[]): void {
  const { outer } = mine;
  current = outer;
  for (const tensor of mine.tensors) settle(tensor, tensor.isShared || survivors.includes(tensor), outer);
  for (const step of mine.steps ?? []) {
    if (outer === undefined) step.watch();
    else addStep(outer, step);
  }
  addChanged(outer, mine.changed);
}

/**
 * Opens a scope around the call of a module of the library that is made of others: what goes from one to the next is given back when it is closed, unless
 * code of a user may have seen it. It is opened and closed by hand, since modules in modules make stacks deep enough.
 */
export function openComposite(): Scope {
  current = new Scope(current, true, true);
  return current;
}

export function closeComposite(mine: Scope, result: unknown, isTensor: IsTensor): void {
  const survivors: Temporary[] = [];
  if (!addResults(result, isTensor, survivors)) leaveToUser(mine);
  closeInternal(mine, survivors);
}

/** Collects the tensors in a result, with those that they are views of. @returns Whether it has nothing in it but tensors, in lists or alone. */
function addResults(result: unknown, isTensor: IsTensor, found: Temporary[], depth = 0): boolean {
  if (typeof result !== "object" || result === null) return typeof result !== "function";
  if (isTensor(result)) {
    found.push(result as Temporary);
    const { origin } = result as Temporary;
    if (origin !== null) found.push(origin.base);
    return true;
  }
  return Array.isArray(result) && depth < 3 && result.every((item) => addResults(item, isTensor, found, depth + 1));
}

/** What was made in a scope of the library is a user's from now on. */
function leaveToUser({ tensors }: Scope): void {
  const scope = userScope();
  for (const tensor of tensors) {
    if (scope === undefined) tensor.storage.watch();
    else scope.tensors.push(tensor);
  }
  tensors.length = 0;
}

/** Whether a call is one within a composite module. */
export const isInComposite = (): boolean => current?.isComposite === true;

/** Runs code of a user within a composite module. It may keep all that was made there so far, and what it makes. */
export function runForeign<R>(body: () => R): R {
  for (let scope = current; scope?.isInternal; scope = scope.outer) if (scope.isComposite) leaveToUser(scope);
  return runInUserScope(body);
}

/** Runs code of a user, who may keep the tensors that it makes, from within the library's own scopes: they belong to the scope around those. */
export function runInUserScope<R>(body: () => R): R {
  const inner = current;
  current = userScope();
  try {
    return body();
  } finally {
    current = inner;
  }
}
