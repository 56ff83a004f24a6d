export * as datasets from "./datasets/index";
export * as models from "./models/index";
export * as ops from "./ops/index";
