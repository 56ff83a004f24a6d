/** The group that is meant where none is named. */
import { ArgumentError, describe, StateError } from "../../core/errors";
import { ProcessGroup } from "../group";

let world: ProcessGroup | undefined;

/** Makes a group the default one. */
export function setWorld(group: ProcessGroup | undefined): void {
  world = group;
}

/** The default group; undefined before one is made. */
export const currentWorld = (): ProcessGroup | undefined => world;

/**
 * The group that an argument `processGroup` means: null is the default one.
 * @throws StateError if there is no default group, ArgumentError for anything else, or if this rank is not in it.
 */
export function groupOf(op: string, given: unknown): ProcessGroup {
  if (given !== null && given !== undefined) {
    if (!(given instanceof ProcessGroup))
      throw new ArgumentError(`${op}: processGroup must be a torch.distributed.ProcessGroup, got ${describe(given)}`);
    if (given.rank < 0)
      throw new ArgumentError(`${op}: this process is not in processGroup, whose ranks are ${given.ranks}`);
    return given;
  }
  if (world === undefined)
    throw new StateError(
      `${op}: Default process group has not been initialized, please make sure to call await torch.distributed.initProcessGroup() first.`,
    );
  return world;
}
