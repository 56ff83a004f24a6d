/** Products and factorizations of matrices. */
export * as addmm from "./addmm";
export * as distance from "./distance";
export * as einsum from "./einsum";
export * as lowrank from "./lowrank";
export * as matmul from "./matmul";
export * as products from "./products";
export * as torchNames from "./torchNames";
