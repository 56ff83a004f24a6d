/** The kernels of this wing: convolutions and their plans. Nothing but re-exports. */
export { convAlgorithm, convTasks } from "./algorithm";
export * from "./conv";
export * from "./winograd/winograd";
