/** Charts of letters, in a file that is loaded with the first one. */
export { plot } from "asciichart";
