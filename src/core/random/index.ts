export * from "./continuous";
export * from "./discrete";
export type { FillableArray, FloatArray } from "./fill";
export * from "./multinomial";
export * from "./normal";
export * from "./rejection";
