/** Models in the layout of Hugging Face: what {@link huggingFace} gives. */
export * from "./bert";
export type { ModelConfig } from "./config";
export type { PooledOutput } from "./encoderLayers";
export * from "./generation";
export * from "./gpt2";
export * from "./llama";
export * from "./sentence";
export * from "./vit";
