/** Ops that a device which cannot be read at once refuses, with the reason. */
export const refused: Readonly<Record<string, string>> = {};
