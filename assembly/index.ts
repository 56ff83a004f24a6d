/** The kernel ABI, wing by wing. Nothing but re-exports; see docs/kernels.md for the calling conventions. */
export * from "./common";
export * from "./conv";
export * from "./elementwise";
export * from "./gemm";
export * from "./indexing";
export * from "./layers";
export * from "./linalg";
export * from "./optim";
export * from "./quantized";
export * from "./reduce";
export * from "./vision";
