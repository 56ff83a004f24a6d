/** The compiled kernels as base64 text; the build provides this module (rollup.config.mjs). */
declare module "kindling:kernels" {
  export const baseline: string;
  export const relaxed: string;
}
