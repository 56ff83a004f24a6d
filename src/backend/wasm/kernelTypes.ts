/**
 * What may be asked of the kernels. Names, parameters and their order come from the build (`build/kernels.d.ts`, scripts/building/declareKernels.mjs), so that a
 * misspelled name, an argument too many or an operand in the place of a number does not compile.
 */
import type { Queries, RangeKernels } from "kindling:kernels";
import type { DType } from "../../core/dtype";
import type { Operand } from "../operand";

/**
 * What a kernel takes where it asks for an address: that of an operand, that of a list of integers, which is written into memory for the call, or 0 for
 * `undefined`.
 */
type Address = Operand | readonly number[] | undefined;

type Kernels = RangeKernels<Address>;

/** A kernel over a range of work. */
export type KernelName = keyof Kernels;

/** What satisfies all members of a union at once, each of which is wrapped in a tuple of one. */
type All<U> = (U extends [infer T] ? (value: T) => void : never) extends (value: infer I) => void ? I : never;

/**
 * What a kernel takes besides the code of the dtype, scratch memory and the range. For a union of names it is what all of them take: names of one
 * family may be handed on, names of different ones may not.
 */
export type KernelArguments<K extends KernelName> = All<
  K extends KernelName ? [Readonly<Kernels[K]["arguments"]>] : never
>;

/** The dtype whose code a kernel takes first; undefined for one that takes none. */
export type KernelDType<K extends KernelName> = All<
  K extends KernelName ? [Kernels[K]["typed"] extends true ? DType : undefined] : never
>;

/** The kernels that take scratch memory before the range. */
export type ScratchKernel = {
  [K in KernelName]: Kernels[K]["scratch"] extends true ? K : never;
}[KernelName];

/** The last arguments of a call: `true` where the kernel takes scratch memory of its thread, nothing elsewhere. */
export type KernelScratch<K extends KernelName> = K extends ScratchKernel ? [scratch: true] : [];

/** What a kernel takes whose scratch memory the caller has allocated, since it needs more than a thread has. */
export type ArgumentsWithScratch<K extends ScratchKernel> = readonly [
  ...Kernels[K]["arguments"],
  scratch: Address | number,
];

/** A kernel that only computes a number. */
export type QueryName = Exclude<keyof Queries<Address>, "heapBase">;

/** What such a kernel takes. */
export type QueryArguments<K extends QueryName> = All<K extends QueryName ? [Readonly<Queries<Address>[K]>] : never>;
