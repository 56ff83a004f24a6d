/** The parser of CSV, loaded when the first data set of it is read. */
export { default } from "papaparse";
