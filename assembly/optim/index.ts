/** The kernels of this wing: the steps of the optimizers. Nothing but re-exports. */
export * from "./adam";
export * from "./descent";
export * from "./nadam";
export * from "./squares";
