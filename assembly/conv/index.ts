/** The kernels of this wing: convolutions and their plans. Nothing but re-exports. */
export { convAlgorithm, convTasks, convWeightShares } from "./algorithm";
export * from "./conv";
export * from "./winograd/winograd";
