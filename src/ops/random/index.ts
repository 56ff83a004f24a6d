/** Random tensors. */
export * as fill from "./fill";
