/** The kernels of this wing: reductions, scans, sorts and softmax along one axis. Nothing but re-exports. */
export * from "./extrema";
export * from "./reduce";
export * from "./scan";
export * from "./search";
export * from "./softmax";
export * from "./sort";
