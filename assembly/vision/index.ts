/** The kernels of this wing: regions of images and pictures at another size. Nothing but re-exports. */
export * from "./deform";
export * from "./nms";
export * from "./resample";
export * from "./roi";
export * from "./roiMax";
export * from "./roiOwn";
