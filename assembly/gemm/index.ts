/** The kernels of this wing: the matrix product. Nothing but re-exports. */
export * from "./gemm";
export { gemmPack, gemmPackTasks, gemmPanels } from "./panels";
