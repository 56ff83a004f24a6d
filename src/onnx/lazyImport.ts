/** The reader of ONNX files, loaded when the first one is read. */
export { loadModel, readValue } from "./import/load";
