/** The compiled kernels as base64 text of their deflated bytes, and the types of their parameters; the build provides this module (rollup.config.mjs). */
declare module "kindling:kernels" {
  export const baseline: string;
  export const relaxed: string;
  /** The types of the parameters of each export, a letter each. */
  export const signatures: Readonly<Record<string, string>>;
}
