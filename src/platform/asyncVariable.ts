/** Variables that follow the flow of async code, where the runtime has them. */
import { nodeModule } from "./platform";

/** A value that belongs to a line of execution: after each `await`, a function sees the value that it ran with. */
export interface AsyncVariable<T> {
  get(): T | undefined;
  /** Runs `body`, and whatever it awaits or starts, with a value. */
  run<R>(value: T, body: () => R): R;
}

interface WithAsyncContext {
  readonly AsyncContext?: { readonly Variable: new <T>() => AsyncVariable<T> };
}

/** Undefined in runtimes that cannot tell after an `await` whose code goes on: today's browsers, and Node before 20.16. */
export function asyncVariable<T>(): AsyncVariable<T> | undefined {
  const { AsyncContext } = globalThis as WithAsyncContext;
  if (AsyncContext !== undefined) return new AsyncContext.Variable<T>();
  const hooks = nodeModule<typeof import("node:async_hooks")>("node:async_hooks");
  if (hooks?.AsyncLocalStorage === undefined) return undefined;
  const storage = new hooks.AsyncLocalStorage<T>();
  return { get: () => storage.getStore(), run: (value, body) => storage.run(value, body) };
}
