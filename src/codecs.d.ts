/** Binaries of packages, as base64 text of their deflated bytes: the build provides these modules (rollup.config.mjs). */
declare module "*.wasm" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: a module that is nothing but this text.
  export default text;
}
