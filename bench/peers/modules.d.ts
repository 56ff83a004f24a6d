/** The peers' own types are not installed with the project. */
declare module "@jax-js/jax";
declare module "@tensorflow/tfjs-backend-wasm";
declare module "@tensorflow/tfjs-core";
declare module "@tensorflow/tfjs-core/dist/register_all_gradients";
declare module "onnx-proto";
declare module "onnxruntime-web";
declare module "@tensorflow/tfjs-backend-webgpu";
