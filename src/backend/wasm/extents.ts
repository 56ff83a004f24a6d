/** A range of addresses. */
export interface Extent {
  address: number;
  bytes: number;
}

/** Free ranges, sorted by address; those that touch are one. */
export class Extents {
  private readonly list: Extent[] = [];
  /** Bytes in all of them. */
  total = 0;

  /** The size of the largest. */
  get largest(): number {
    return this.list.reduce((most, { bytes }) => Math.max(most, bytes), 0);
  }

  /** The one at the highest address. */
  get last(): Readonly<Extent> | undefined {
    return this.list.at(-1);
  }

  /** Takes `bytes` from the smallest that has them; undefined if none has. */
  take(bytes: number): number | undefined {
    let best = -1;
    for (let i = 0; i < this.list.length; i++) {
      const have = this.list[i]!.bytes;
      if (have >= bytes && (best < 0 || have < this.list[best]!.bytes)) best = i;
    }
    if (best < 0) return undefined;
    const extent = this.list[best]!;
    const { address } = extent;
    extent.address += bytes;
    extent.bytes -= bytes;
    if (extent.bytes === 0) this.list.splice(best, 1);
    this.total -= bytes;
    return address;
  }

  insert(address: number, bytes: number): void {
    this.total += bytes;
    const at = this.firstAfter(address);
    const before = this.list[at - 1];
    const after = this.list[at];
    const joinsBefore = before !== undefined && before.address + before.bytes === address;
    const joinsAfter = after !== undefined && address + bytes === after.address;
    if (joinsBefore) before.bytes += bytes + (joinsAfter ? after.bytes : 0);
    else if (joinsAfter) {
      after.address = address;
      after.bytes += bytes;
    } else this.list.splice(at, 0, { address, bytes });
    if (joinsBefore && joinsAfter) this.list.splice(at, 1);
  }

  /** Whether a range would become one with another. */
  touches(address: number, bytes: number): boolean {
    const at = this.firstAfter(address);
    const before = this.list[at - 1];
    return this.list[at]?.address === address + bytes || (before && before.address + before.bytes) === address;
  }

  private firstAfter(address: number): number {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.list[middle]!.address < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
