/** libjpeg-turbo's decoder, in a file that is loaded with the first JPEG picture. */

/** The binary as base64 text of its deflated bytes, which the build puts here (rollup.config.mjs). */
export { default as binary } from "@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasm";
export { default as createDecoder } from "@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs";
