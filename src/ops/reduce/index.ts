/** Reductions, scans, orders and statistics along axes. */
export * as covariance from "./covariance";
export * as differences from "./differences";
export * as extrema from "./extrema";
export * as histogram from "./histogram";
export * as integrate from "./integrate";
export * as moments from "./moments";
export * as oldNorms from "./oldNorms";
export * as quantile from "./quantile";
export * as reduce from "./reduce";
export * as renorm from "./renorm";
export * as scan from "./scan";
export * as segmentReduce from "./segmentReduce";
export * as softmax from "./softmax";
export * as sort from "./sort";
