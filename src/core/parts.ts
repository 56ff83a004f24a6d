/** The parts of the library that an entry loads when they are first used. */

let load: () => void = () => {};

/** @param loadAll Loads all parts that are not loaded yet. */
export function loadPartsBy(loadAll: () => void): void {
  load = loadAll;
}

/** Loads what is not loaded yet, for what is found by its name alone. */
export const loadAllParts = (): void => load();
