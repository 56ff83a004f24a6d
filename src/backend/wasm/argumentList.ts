/** How calls hand their arguments to kernels. */
import type { Kernel } from "./kernels";

/** The most arguments that a kernel takes. */
const MOST_ARGUMENTS = 26;

/**
 * The arguments of the next kernel. One list serves all calls, so that none leaves garbage.
 *
 * Kernels ignore what stands behind their last argument. At first that is `undefined`, and not a number, on purpose: an engine keeps an array of
 * nothing but numbers as doubles, and makes an object of each whenever it spreads them.
 */
export class ArgumentList {
  private readonly values: (number | undefined)[] = [...new Array<undefined>(MOST_ARGUMENTS)];
  private count = 0;

  get length(): number {
    return this.count;
  }

  clear(): void {
    this.count = 0;
  }

  push(value: number): void {
    this.values[this.count++] = value;
  }

  set(...values: readonly number[]): void {
    for (let i = 0; i < values.length; i++) this.values[i] = values[i]!;
    this.count = values.length;
  }

  /** Copies the arguments to where other threads find them. */
  copyTo(target: Float64Array): void {
    for (let i = 0; i < this.count; i++) target[i] = this.values[i]!;
  }

  /** Runs a kernel on these arguments. */
  call({ run }: Kernel): number {
    return run(...this.values);
  }

  /** Runs a kernel on these arguments and a part of its range. */
  callOn({ run }: Kernel, begin: number, end: number): void {
    this.values[this.count] = begin;
    this.values[this.count + 1] = end;
    run(...this.values);
  }
}
