/** The script of the board's page, bundled with all that it imports; the build provides this module (rollup.config.mjs). */
declare module "kindling:board" {
  export const script: string;
}
