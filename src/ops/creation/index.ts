/** Tensors made, copied and exchanged with other libraries. */
export * as combinations from "./combinations";
export * as copy from "./copy";
export * as fromMemory from "./fromMemory";
export * as like from "./like";
export * as ranges from "./ranges";
