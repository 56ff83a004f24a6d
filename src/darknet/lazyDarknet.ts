/** Networks of Darknet's, loaded when the first one is read. */
export { loadInto, loadNetwork, readData, readNames, saveFrom } from "./files";
