/**
 * Parts of the library that have kernels of their own. A device may keep these in a file that it loads only for programs which use the part: modules
 * that run such kernels say so when they are loaded themselves.
 */
export type KernelPart = "vision";

const used = new Set<KernelPart>();
const listeners: ((part: KernelPart) => void)[] = [];

/** Says that the program uses the kernels of a part. */
export function useKernels(part: KernelPart): void {
  if (used.has(part)) return;
  used.add(part);
  for (const listener of listeners) listener(part);
}

/** Calls `listener` for each part that is used, now and later. */
export function onKernelsUsed(listener: (part: KernelPart) => void): void {
  listeners.push(listener);
  for (const part of used) listener(part);
}
