/** Hugging Face's models, loaded when first used. */
export * as models from "./models/index";
export { openPretrained } from "./models/opening";
export { writePretrained } from "./models/pretrained";
