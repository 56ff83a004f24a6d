/** Hugging Face's models, loaded when first used. */
export * as models from "./models/index";
export { readPretrained, writePretrained } from "./models/pretrained";
