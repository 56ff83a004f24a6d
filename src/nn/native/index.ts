/**
 * Functions of `torch` itself that `torch.nn.functional` is made of. Those of the same arguments are the same functions; the others are declared here, with
 * PyTorch's own lists of arguments.
 */
import "./methods";

export { conv1d, conv2d, conv3d, convTranspose1d, convTranspose2d, convTranspose3d } from "../../ops/layers/conv";
export { rrelu } from "../../ops/layers/dropout";
export { adaptiveAvgPool1d, avgPool1d, maxPool1d, maxPool2d, maxPool3d } from "../../ops/layers/pool";
export { prelu } from "../functional/activation";
export { bilinear } from "../functional/bilinear";
export { convTbc } from "../functional/convTbc";
export { cosineSimilarity, pairwiseDistance } from "../functional/distance";
export { channelShuffle, pixelShuffle, pixelUnshuffle } from "../functional/pixels";
export { maxPool1dWithIndices } from "../functional/withIndices";
export * from "./conv";
export * from "./dropout";
export * from "./lookup";
export * from "./loss";
export * from "./norm";
export * from "./recurrent";
