/**
 * What may be asked of the kernels. Names, parameters and their order come from the build (`build/kernels.d.ts`, scripts/declareKernels.mjs), so that a
 * misspelt name, an argument too many or an operand in the place of a number does not compile.
 */
import type { Queries, RangeKernels } from "kindling:kernels";
import type { DType } from "../../core/dtype";
import type { Argument, Work } from "../backend";

type Kernels = RangeKernels<Argument>;

/** A kernel over a range of work. */
export type KernelName = keyof Kernels;

/** What satisfies all members of a union at once, each of which is wrapped in a tuple of one. */
type All<U> = (U extends [infer T] ? (value: T) => void : never) extends (value: infer I) => void ? I : never;

type Tuple<K extends KernelName> = Readonly<Kernels[K]["arguments"]>;

/**
 * What a kernel takes besides the code of the dtype, scratch memory and the range. For a union of names it is what all of them take: names of one
 * family may be passed on, names of different ones may not.
 */
export type KernelArguments<K extends KernelName> = All<K extends KernelName ? [Tuple<K>] : never>;

/** The dtype whose code a kernel takes first; undefined for one that takes none. */
export type KernelDType<K extends KernelName> = All<
  K extends KernelName ? [Kernels[K]["typed"] extends true ? DType : undefined] : never
>;

/** The kernels that take scratch memory of their thread before the range. */
export type ScratchKernel = {
  [K in KernelName]: Kernels[K]["scratch"] extends true ? K : never;
}[KernelName];

/** How the work of a kernel is divided; `scratch` says what the kernel takes. */
export type KernelWork<K extends KernelName> = All<
  K extends ScratchKernel ? [Work & { readonly scratch: true }] : [Work & { readonly scratch?: false }]
>;

/** A kernel with scratch memory that the caller has allocated, since the kernel needs more than a thread has. */
export type ArgumentsWithScratch<K extends ScratchKernel> = readonly [...Tuple<K>, scratch: Argument];

/** A kernel that only computes a number. */
export type QueryName = Exclude<keyof Queries<Argument>, "heapBase">;

/** What such a kernel takes. */
export type QueryArguments<K extends QueryName> = All<K extends QueryName ? [Readonly<Queries<Argument>[K]>] : never>;
