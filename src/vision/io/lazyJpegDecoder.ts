/** mozjpeg's decoder (libjpeg's values, bit by bit), in a file that is loaded with the first JPEG picture that libjpeg-turbo refuses. */
export { default as createDecoder } from "@jsquash/jpeg/codec/dec/mozjpeg_dec.js";
/** The binary as base64 text of its deflated bytes, which the build puts here (rollup.config.mjs). */
export { default as binary } from "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm";
