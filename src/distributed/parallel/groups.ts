/** The group that is meant where none is named. */
import { ArgumentError, describe, ValueError } from "../../core/errors";
import { ProcessGroup } from "../group";
import { groupFor, isInitialized } from "../world";

/** The default group; undefined before one is made. */
export const currentWorld = (): ProcessGroup | undefined => (isInitialized() ? groupFor("getRank", null) : undefined);

/**
 * The group that an argument `processGroup` means: null is the default one.
 * @throws DistBackendError if there is no default group, ArgumentError for what is no group, ValueError for one without this process.
 */
export function groupOf(op: string, given: unknown): ProcessGroup {
  if (given != null && !(given instanceof ProcessGroup))
    throw new ArgumentError(`${op}: processGroup must be a torch.distributed.ProcessGroup, got ${describe(given)}`);
  const group = groupFor(op, given);
  if (group.rank < 0)
    throw new ValueError(`${op}: this process is not in processGroup, which has the ranks [${group.ranks.join(", ")}]`);
  return group;
}
