/** All that communicates, loaded by `initProcessGroup`. */
export * from "./collectives";
export * from "./exchange";
export * from "./parallel/index";
export { destroyProcessGroup, groupFor, init, isInitialized, newGroup, shrinkGroup, useEngine } from "./world";
