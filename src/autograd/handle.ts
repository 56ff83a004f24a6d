/** Registered hooks, and the handle that removes one. */

import { ArgumentError, describe } from "../core/errors";

let nextId = 0;

/** Removes the hook that it was returned for. @see torch.utils.hooks.RemovableHandle */
export class RemovableHandle {
  readonly id = nextId++;

  /** @internal */
  constructor(private hooks: Map<number, unknown> | undefined) {
    if (hooks !== undefined && !(hooks instanceof Map))
      throw new ArgumentError(`RemovableHandle: handles come from registering a hook, got ${describe(hooks)}`);
  }

  /** Does nothing the second time. */
  remove(): void {
    this.hooks?.delete(this.id);
    this.hooks = undefined;
  }

  [Symbol.dispose](): void {
    this.remove();
  }
}

/** @internal Adds `hook` to `hooks`; hooks run in the order of registration. */
export function addHook<H>(hooks: Map<number, H>, hook: H, { prepend = false } = {}): RemovableHandle {
  const handle = new RemovableHandle(hooks);
  const rest = prepend ? [...hooks] : [];
  if (prepend) hooks.clear();
  hooks.set(handle.id, hook);
  for (const [id, other] of rest) hooks.set(id, other);
  return handle;
}
