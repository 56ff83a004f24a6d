/** `torch.compiler`: what can be said to and asked of `torch.compile`. */
export { disable } from "../compile/disable";
export { explain, isCompiling, reset } from "../compile/compile";
