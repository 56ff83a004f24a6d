/** The memory that `size` ranks share. */
export function sharedFor(size: number): SharedArrayBuffer;
