/** Formats in which data sets are published, loaded with the first of their files. */
export { bunzip2 } from "./bzip2";
export { readMatlab } from "./matlab";
export { PickledArray, readPickle } from "./pickle";
