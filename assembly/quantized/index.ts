/** The kernels of this wing: numbers of 8 bits with a scale and a zero point. Nothing but re-exports. */
export * from "./convert";
export * from "./depthwise";
export { quantizedWay } from "./dots";
export * from "./elements";
export * from "./half";
export * from "./pack";
export * from "./product";
