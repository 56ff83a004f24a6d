/** The kernels of this wing: gathering, scattering and masks. Nothing but re-exports. */
export * from "./gather";
export * from "./scatter";
