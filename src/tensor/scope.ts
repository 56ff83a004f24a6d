/** Scopes that give the memory of temporaries back at once. */

/** A tensor as far as scopes are concerned. */
export interface Temporary {
  readonly storage: {
    /** Called when no scope holds on to the tensor any more, though it lives. */
    watch(): void;
  };
  /** Scopes let it live. */
  readonly isKept: boolean;
  /** Users may hold this gradient. */
  readonly isShared: boolean;
  dispose(): void;
}

interface Scope {
  readonly tensors: Temporary[];
  readonly outer: Scope | undefined;
  /** Opened by the library around its own temporaries, not by a user. */
  readonly isInternal: boolean;
}

let current: Scope | undefined;

/** Called by every new tensor. */
export function enroll(tensor: Temporary): void {
  if (current === undefined) tensor.storage.watch();
  else current.tensors.push(tensor);
}

/** Disposes a tensor whose scope ends, unless it lives on: in the scope around it, or on its own. */
function settle(tensor: Temporary, survives: boolean, outer: Scope | undefined): void {
  if (survives && outer !== undefined) outer.tensors.push(tensor);
  else if (survives || tensor.isKept) tensor.storage.watch();
  else tensor.dispose();
}

/** Collects the tensors that occur in a result: in arrays, in objects' fields, alone. */
function tensorsIn(value: unknown, isTensor: (x: object) => boolean, found: Set<unknown>): Set<unknown> {
  if (typeof value !== "object" || value === null || found.has(value)) return found;
  if (isTensor(value)) return found.add(value);
  if (ArrayBuffer.isView(value)) return found;
  if (Array.isArray(value) || value instanceof Map || value instanceof Set) {
    for (const item of value) tensorsIn(item, isTensor, found);
  } else if (Object.getPrototypeOf(value) === Object.prototype) {
    for (const key in value) tensorsIn((value as Record<string, unknown>)[key], isTensor, found);
  }
  return found;
}

/**
 * Runs `body` and disposes the tensors that it made, but for those in its result and those that are kept (parameters, buffers, gradients
 * of leaves, the state of optimizers). What the autograd graph still needs stays alive inside the graph.
 */
export function runInScope<R>(body: () => R, isTensor: (x: object) => boolean): R {
  const outer = current;
  const mine: Scope = { tensors: [], outer, isInternal: false };
  current = mine;
  let survivors = new Set<unknown>();
  try {
    const result = body();
    survivors = tensorsIn(result, isTensor, survivors);
    return result;
  } finally {
    current = outer;
    for (const tensor of mine.tensors) settle(tensor, survivors.has(tensor), outer);
  }
}

/** The same around the library's own temporaries: those that `body` returns, and those that users may hold, go to the enclosing scope. */
export function runInternally<R extends readonly unknown[]>(body: () => R): R {
  const outer = current;
  const mine: Scope = { tensors: [], outer, isInternal: true };
  current = mine;
  let survivors: readonly unknown[] = [];
  try {
    const result = body();
    survivors = result;
    return result;
  } finally {
    current = outer;
    for (const tensor of mine.tensors) settle(tensor, tensor.isShared || survivors.includes(tensor), outer);
  }
}

/** Runs code of a user, who may keep the tensors that it makes, from within the library's own scopes: they belong to the scope around those. */
export function runInUserScope<R>(body: () => R): R {
  const inner = current;
  while (current?.isInternal) current = current.outer;
  try {
    return body();
  } finally {
    current = inner;
  }
}
