export { Caltech101, type CaltechTarget } from "./caltech";
export { CIFAR10, CIFAR100, type CifarOptions } from "./cifar";
export { type CocoAnnotation, CocoDetection } from "./coco";
export { parseIdx } from "./common/idx";
export type { MemoryDataset } from "./common/memory";
export * as utils from "./common/utils";
export { type TransformOptions, VisionDataset, type VisionDatasetArguments } from "./common/visionDataset";
export { type DigitsOptions, digits } from "./digits";
export { EMNIST, type EmnistSplit } from "./emnist";
export { FakeData, type FakeDataOptions } from "./fakeData";
export { Flowers102 } from "./flowers102";
export {
  DatasetFolder,
  type DatasetFolderOptions,
  defaultLoader,
  type FolderOptions,
  type FolderSample,
  ImageFolder,
  type SampleLoader,
} from "./folder";
export { Food101 } from "./food101";
export { FashionMNIST, KMNIST, MNIST, type MnistOptions } from "./mnist";
export { OxfordIIITPet, type PetTarget } from "./pets";
export { QMNIST, type QmnistOptions, type QmnistPart } from "./qmnist";
export { STL10, type Stl10Split } from "./stl10";
export { SVHN, type SvhnSplit } from "./svhn";
export { USPS } from "./usps";
export { VOCDetection, type VocAnnotation } from "./voc";
