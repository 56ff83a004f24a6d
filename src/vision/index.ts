export * as datasets from "./datasets/index";
