/** The reader of ONNX files, loaded when the first one is read. */
export { kindsOf, loadModel, operatorsOf, readValue } from "./import/load";
