/** Networks for images, as torchvision builds them: `torchvision.models`. */
export * from "./alexnet";
export { Conv2dNormActivation, type ConvNormActivationOptions, type NormLayer } from "./blocks";
export * from "./lenet";
export * from "./mobilenetv2";
export * from "./resnet";
export * from "./squeezenet";
export * from "./vgg";
export * from "./visionTransformer";
