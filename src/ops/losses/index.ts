/** Losses. */
export * as classLosses from "./classLosses";
export * as elementLosses from "./elementLosses";
