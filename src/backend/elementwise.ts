/**
 * The elementwise ops that a device can be asked for. Their names are those of the kernels, which the build declares (`build/kernels.d.ts`,
 * scripts/building/declareKernels.mjs): a misspelled one does not compile, and a new kernel is named in its own file alone.
 */
import type { RangeKernels } from "kindling:kernels";

type Kernels = RangeKernels<"address">;

/** The kernels that take the code of a dtype and then exactly `A`. */
type NamesWith<A> = {
  [K in keyof Kernels]: Kernels[K] extends { typed: true; scratch: false; arguments: A } ? K : never;
}[keyof Kernels];

/** An op y = op(x; p, q). */
export type UnaryName = NamesWith<[y: "address", x: "address", p: number, q: number, geometry: "address"]>;

/** An op y = op(a, b; p). */
export type BinaryName = NamesWith<
  [y: "address", a: "address", b: "address", p: number, mode: number, geometry: "address"]
>;

/** An op y = op(a, b, c; p). */
export type TernaryName = NamesWith<
  [y: "address", a: "address", b: "address", c: "address", p: number, geometry: "address"]
>;
