/** The kernels of this wing: copies and casts, functions of one, two and three tensors, random numbers. Nothing but re-exports. */
export * from "./activation";
export * from "./activationBackward";
export * from "./binary";
export * from "./binaryMath";
export * from "./compare";
export * from "./copy";
export * from "./elementary";
export * from "./integer";
export * from "./lanes";
export * from "./random";
export * from "./specialFunctions";
export * from "./ternary";
export * from "./unary";
