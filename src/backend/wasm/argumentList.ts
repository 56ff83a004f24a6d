/** How calls hand their arguments to kernels. */
import { KindlingError } from "../../core/errors";
import type { Kernel } from "./kernels";

/** The most arguments that a kernel takes. */
const MOST_ARGUMENTS = 22;

/**
 * The arguments of the next call. One list serves all calls, since an array for each would be most of the garbage of a small op.
 *
 * Kernels ignore what stands behind their last argument. At first that is `undefined`, and not a number, on purpose: an engine keeps
 * an array of nothing but numbers as doubles, and makes an object of each whenever it spreads them.
 */
export class ArgumentList {
  private readonly values: (number | undefined)[] = [...new Array<undefined>(MOST_ARGUMENTS)];
  private count = 0;
  private begun = 0;

  /** How often arguments were begun with: another call has written its own where this has grown. */
  get calls(): number {
    return this.begun;
  }

  get length(): number {
    return this.count;
  }

  clear(): void {
    this.begun++;
    this.count = 0;
  }

  push(value: number): void {
    this.values[this.count++] = value;
  }

  /** Takes the arguments of an elementwise kernel. They are parameters, since an array would be made at each call of those that take the rest. */
  set(a: number, b: number, c: number, d?: number, e?: number, f?: number, g?: number): void {
    this.begun++;
    const { values } = this;
    values[0] = a;
    values[1] = b;
    values[2] = c;
    values[3] = d;
    values[4] = e;
    values[5] = f;
    values[6] = g;
    this.count = d === undefined ? 3 : e === undefined ? 4 : f === undefined ? 5 : g === undefined ? 6 : 7;
  }

  /** Copies the arguments to where other threads find them. */
  copyTo(target: Float64Array, at: number): void {
    for (let i = 0; i < this.count; i++) target[at + i] = this.values[i]!;
  }

  /** Whether one of the arguments is an address of [begin, end), or another number that could be. */
  pointInto(begin: number, end: number): boolean {
    for (let i = 0; i < this.count; i++) if (this.values[i]! >= begin && this.values[i]! < end) return true;
    return false;
  }

  /** Takes `count` arguments from where {@link copyTo} has put them. */
  copyFrom(source: Float64Array, at: number, count: number): void {
    this.begun++;
    for (let i = 0; i < count; i++) this.values[i] = source[at + i]!;
    this.count = count;
  }

  /** Runs a kernel on these arguments. */
  call(kernel: Kernel): number {
    this.check(kernel, 0);
    return kernel.run(...this.values);
  }

  /** Runs a kernel on these arguments and a part of its range. */
  callOn(kernel: Kernel, begin: number, end: number): void {
    this.values[this.count] = begin;
    this.values[this.count + 1] = end;
    kernel.run(...this.values);
  }

  /** An argument too few would let a kernel see one of an earlier call. @param more Arguments that are still to come. */
  check(kernel: Kernel, more: number): void {
    if (this.count + more !== kernel.types.length) throw wrongCount(kernel, this.count + more);
  }
}

const wrongCount = ({ name, types }: Kernel, given: number): KindlingError =>
  new KindlingError(
    `kernel "${name}" takes ${types.length} arguments, but was given ${given}; this is a defect of Kindling`,
  );
