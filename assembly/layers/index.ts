/** The kernels of this wing: attention, normalization, pooling, losses and the cells of recurrent networks. Nothing but re-exports. */
export * from "./attention/backward";
export * from "./attention/forward";
export * from "./avgPool";
export * from "./layerNorm";
export * from "./loss";
export * from "./maxPool";
export * from "./norm";
export * from "./recurrent";
