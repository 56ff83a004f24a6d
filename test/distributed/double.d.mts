/** The memory that `size` ranks share. */
export function sharedFor(size: number): SharedArrayBuffer;
/** An engine whose ranks are worker threads. */
export class Double {
  constructor(shared: SharedArrayBuffer, rank: number, worldSize: number);
}
