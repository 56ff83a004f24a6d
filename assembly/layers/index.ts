/** The kernels of this wing: normalization, pooling, losses and the cells of recurrent networks. Nothing but re-exports. */
export * from "./avgPool";
export * from "./layerNorm";
export * from "./loss";
export * from "./maxPool";
export * from "./norm";
export * from "./recurrent";
