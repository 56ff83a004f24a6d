/** The kernels of this wing: factorizations of matrices. Nothing but re-exports. */
export * from "./condense";
export { luFactor, luSolve } from "./lu";
export { qrFactor, reflect, reflectWork } from "./reflect";
export { rotate, rotateStrips } from "./rotate";
export { cholesky, triangularSolve } from "./triangle";
