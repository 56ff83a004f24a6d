/** Compiled functions. */
export { type CompileOptions, compile, type Explanation } from "./compile";
