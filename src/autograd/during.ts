/** How every mode that has a scoped form is left again. */

/**
 * Runs `body`, calls `restore` when it is over, however it ends, and returns its result. An async body is over when it settles.
 * @internal
 */
export function during<R>(body: () => R, restore: () => void): R {
  let result: R;
  try {
    result = body();
  } catch (error) {
    restore();
    throw error;
  }
  if (result instanceof Promise) return result.finally(restore) as R;
  restore();
  return result;
}
