/** Compression, loaded with the first trace that is to be compressed. */
export { gzipSync } from "fflate";
