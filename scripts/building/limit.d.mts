import type { Plugin } from "rollup";

/** Floating-point operations of one round of a kernel. */
export const FLOPS_PER_ROUND: number;

/** Compiles the chains for both SIMD levels, to base64. */
export function compileLimits(): Promise<Record<"baseline" | "relaxed", string>>;

/** A plugin of rollup that lets the command line import the kernels as text. */
export function embedLimit(): Plugin;
