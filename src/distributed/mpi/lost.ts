/** The error of calls with ranks that are gone. */
import { RankLostError } from "../engine";

/** @param text The call. @param lost The ranks, by commas, as the thread of MPI names them. */
export function lostError(text: string, lost: string): RankLostError {
  const ranks = lost.split(",").map(Number);
  const who = ranks.length === 1 ? `rank ${ranks[0]} is` : `ranks ${ranks.join(", ")} are`;
  return new RankLostError(
    `${text}: ${who} lost, a process or its machine is gone; the ranks that are left can go on in the group that shrinkGroup() gives all of them`,
    ranks,
  );
}
