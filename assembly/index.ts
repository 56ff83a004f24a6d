/** The kernel ABI, wing by wing. Nothing but re-exports; see docs/kernels.md for the calling conventions. */
export * from "./common";
export * from "./elementwise";
export * from "./reduce";
export * from "./indexing";
export * from "./gemm";
export * from "./conv";
export * from "./linalg";
export * from "./layers";
export * from "./vision";
export * from "./optim";
