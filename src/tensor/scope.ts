/** Scopes that give the memory of temporaries back at once. */

/** A tensor as far as scopes are concerned. */
export interface Temporary {
  /** Scopes let it live. */
  readonly isKept: boolean;
  /** Users may hold this gradient. */
  readonly isShared: boolean;
  dispose(): void;
}

let current: Temporary[] | undefined;

/** Called by every new tensor. */
export function enroll(tensor: Temporary): void {
  current?.push(tensor);
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
 * of leaves, the state of optimizers). What the autograd graph still needs stays alive inside the graph. Tensors that `spares` names
 * are left to the enclosing scope.
 */
export function runInScope<R>(body: () => R, isTensor: (x: object) => boolean, spares?: (x: Temporary) => boolean): R {
  const outer = current;
  const mine: Temporary[] = [];
  current = mine;
  let survivors = new Set<unknown>();
  try {
    const result = body();
    survivors = tensorsIn(result, isTensor, survivors);
    return result;
  } finally {
    current = outer;
    for (const tensor of mine) {
      if (survivors.has(tensor) || spares?.(tensor)) outer?.push(tensor);
      else if (!tensor.isKept) tensor.dispose();
    }
  }
}
