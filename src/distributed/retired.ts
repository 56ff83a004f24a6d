/** What stands behind a group that another has taken the place of. */
import { DistBackendError, type Engine } from "./engine";

/** Refuses all calls of objects that still hold the group. */
export class Retired implements Engine {
  readonly name: Engine["name"];
  readonly rank: number;
  readonly worldSize: number;

  constructor(
    { name, rank, worldSize }: Engine,
    private readonly ranks: readonly number[],
  ) {
    [this.name, this.rank, this.worldSize] = [name, rank, worldSize];
  }

  start({ text }: { readonly text: string }): never {
    return this.refuse(text);
  }

  refuse(text: string): never {
    throw new DistBackendError(
      `${text}: shrinkGroup() has made another group of the group [${this.ranks.join(", ")}], which this belongs to; ` +
        "make DistributedDataParallel, samplers and other objects that hold a group anew",
    );
  }

  newComm(): never {
    return this.refuse("newGroup");
  }

  shrink(): never {
    return this.refuse("shrinkGroup");
  }

  freeComm(): void {}

  close(): void {}
}
