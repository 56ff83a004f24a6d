export { CIFAR10, CIFAR100, type CifarOptions } from "./cifar";
export { type DigitsOptions, digits } from "./digits";
export { parseIdx } from "./idx";
export type { MemoryDataset } from "./memory";
export { FashionMNIST, KMNIST, MNIST, type MnistOptions } from "./mnist";
export * as utils from "./utils";
export { type TransformOptions, VisionDataset, type VisionDatasetArguments } from "./visionDataset";
