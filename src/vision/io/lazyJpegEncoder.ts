/** mozjpeg's encoder, in a file that is loaded when the first JPEG file is made. */
export { default as createEncoder } from "@jsquash/jpeg/codec/enc/mozjpeg_enc.js";
/** The binary as base64 text of its deflated bytes, which the build puts here (rollup.config.mjs). */
export { default as binary } from "@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm";
