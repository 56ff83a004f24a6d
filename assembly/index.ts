/** The kernel ABI on one screen. Nothing but re-exports; see docs/kernels.md for the calling conventions. */
export * from "./copy";
export * from "./memory";
export * from "./reduce";
export * from "./extrema";
export * from "./gemm/gemm";
export * from "./softmax";
export * from "./loss";
export * from "./maxPool";
export * from "./avgPool";
export * from "./norm";
