/** Kernels that measure the machine's limit for arithmetic, as base64 text; the build provides this module (scripts/building/limit.mjs). */
declare module "kindling:limit" {
  /** Floating-point operations of one round. */
  export const flopsPerRound: number;
  export const limits: Readonly<Record<"baseline" | "relaxed", string>>;
}

/** The script that turns threads on where headers cannot be set; the build provides this module (rollup.config.mjs). */
declare module "kindling:isolation" {
  export const script: string;
}
