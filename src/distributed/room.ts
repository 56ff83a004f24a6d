/** What `initProcessGroup` loads, for the faces that are there from the start. */
import { named } from "../core/signature";
import type { Named } from "../core/signatureTypes";
import { DistBackendError } from "./engine";
import type { ProcessGroup } from "./group";
import type * as Room from "./lazyDistributed";

let room: typeof Room | undefined;

export async function loadRoom(): Promise<typeof Room> {
  room ??= await import("./lazyDistributed");
  return room;
}

export const roomIfLoaded = (): typeof Room | undefined => room;

/** What was loaded. @throws DistBackendError before `initProcessGroup`. */
export function loaded(op: string): typeof Room {
  if (room !== undefined) return room;
  throw new DistBackendError(
    `${op}: Default process group has not been initialized, please make sure to call await initProcessGroup()`,
  );
}

/** @internal For the tests: the ranks of an engine of theirs. */
export const useEngine = async (...given: Parameters<typeof Room.useEngine>): Promise<ProcessGroup> =>
  (await loadRoom()).useEngine(...given);

type Functions = {
  [K in keyof typeof Room]: (typeof Room)[K] extends (...args: any[]) => unknown ? K : never;
}[keyof typeof Room];

/** A function that is in the part which is loaded later. */
export const later = <const S extends string, K extends Functions>(name: K, signature: S): Named<S, (typeof Room)[K]> =>
  named(name, signature, (...given: unknown[]) =>
    (loaded(name)[name] as (...args: unknown[]) => unknown)(...given),
  ) as never;

/** Stands for a class that is loaded with the process group, which its instances are of. */
export function lateClass(name: "ZeroRedundancyOptimizer" | "PowerSGDState"): object {
  class Face {
    constructor(...given: unknown[]) {
      const Real = loaded(name)[name] as unknown as new (...given: unknown[]) => object;
      // biome-ignore lint/correctness/noConstructorReturn: the class cannot be known before it is loaded.
      return new Real(...given);
    }

    static [Symbol.hasInstance](value: unknown): boolean {
      const known = roomIfLoaded();
      return known !== undefined && value instanceof known[name];
    }
  }
  return Face;
}
