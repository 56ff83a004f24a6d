/** Data-parallel training, loaded with the first process group. */
export { ProcessGroup } from "./group";
export { setWorld } from "./parallel/groups";
export * from "./parallel/index";
