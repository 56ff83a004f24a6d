/** `torch.compiler`: what can be said to and asked of `torch.compile`. */

export { explain, isCompiling, reset } from "../compile/compile";
export { disable } from "../compile/disable";
