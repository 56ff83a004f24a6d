export { cifar10, cifar10Classes } from "./cifar";
export { ImageDataset, type Transform, type VisionOptions } from "./dataset";
export { type DigitsOptions, digits } from "./digits";
export { fashionMnist, fashionMnistClasses, mnist, mnistClasses, parseIdx } from "./mnist";
