/** Elements chosen by position, by index and by condition. */
export * as gather from "./gather";
export * as masked from "./masked";
export * as membership from "./membership";
export * as scatterReduce from "./scatterReduce";
export * as searchsorted from "./searchsorted";
export * as slices from "./slices";
export * as subscript from "./subscript";
export * as unique from "./unique";
