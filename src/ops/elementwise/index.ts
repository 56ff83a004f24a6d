/** Ops that compute each element by itself. */
export * as activation from "./activation";
export * as activationBackward from "./activationBackward";
export * as arithmetic from "./arithmetic";
export * as binary from "./binary";
export * as cast from "./cast";
export * as compare from "./compare";
export * as special from "./special";
export * as ternary from "./ternary";
export * as trigonometric from "./trigonometric";
export * as unary from "./unary";
