import "./backend/wasm/backend";
import "./ops/index";
export * from "./tensor/create";
export * from "./ops/binary";
export { tidy, Tensor } from "./tensor/tensor";
