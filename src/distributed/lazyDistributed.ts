/** All that communicates, loaded by `initProcessGroup`. */
export * from "./collectives";
export * from "./exchange";
export { destroyProcessGroup, groupFor, init, isInitialized, newGroup } from "./world";
