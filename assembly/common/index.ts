/** The kernels of this wing: where the static data of the binary ends. Nothing but re-exports. */
export * from "./memory";
