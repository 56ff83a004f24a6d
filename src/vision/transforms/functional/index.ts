/** Transforms as functions of an Image or a tensor: `torchvision.transforms.functional`. */
export { convertImageDtype, normalize, pilToTensor, toPilImage, toTensor } from "./conversion";
