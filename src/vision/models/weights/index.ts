/** Published weights of the networks for classification; those for segmentation are in `vision.models.segmentation`. */
export * from "./classical";
export * from "./mobile";
export {
  ImageClassification,
  type ImageClassificationOptions,
  SemanticSegmentation,
  type SemanticSegmentationOptions,
} from "./presets";
export * from "./regnet";
export * from "./transformers";
export { Weights, type WeightsEnum, type WeightsMeta } from "./weightsEnum";
