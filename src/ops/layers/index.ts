/** Convolution, pooling, normalization, recurrence and dropout. */
export * as conv from "./conv";
export * as dropout from "./dropout";
export * as nativeNorm from "./nativeNorm";
export * as norm from "./norm";
export * as pool from "./pool";
