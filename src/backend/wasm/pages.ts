/**
 * Which thread has which page of the shared memory. Threads end at any moment, and what one of them has taken from the system is for
 * the next one then: otherwise every worker that needs much memory would make it grow once more, until there is none left.
 */
import { canShareMemory } from "../../platform/platform";
import type { Extent } from "./memory";

const PAGE = 65536;
/** The number of pages that 32-bit addresses reach. */
const PAGES = 65536;
/** Taken from the system a moment ago by a thread that has not said so yet. */
const UNNAMED = 0;
/** Nobody's, for anybody to take. */
const SPARE = 1;
/** The owner that stands for the main thread. */
export const MAIN_OWNER = 2;
const FIRST_OWNER = 3;
const LAST_OWNER = 65535;

/** Where memory cannot be shared there are no other threads. */
const createBuffer = (bytes: number): ArrayBufferLike =>
  canShareMemory() ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);

/** A number for each page says whose it is. All threads see the table; a page changes hands in one atomic step. */
export class PageTable {
  private readonly owners: Uint16Array;
  private lastOwner = LAST_OWNER;

  /**
   * @param owner This thread's number.
   * @param buffer The table of another thread; by default a new one.
   */
  constructor(
    private readonly owner: number,
    readonly buffer: ArrayBufferLike = createBuffer(2 * PAGES),
  ) {
    this.owners = new Uint16Array(buffer);
  }

  /** A number for another thread. */
  newOwner(): number {
    this.lastOwner = this.lastOwner === LAST_OWNER ? FIRST_OWNER : this.lastOwner + 1;
    return this.lastOwner;
  }

  /** Says that pages which the system has given are this thread's. */
  claim({ address, bytes }: Extent): void {
    const first = address / PAGE;
    for (let page = Math.floor(first); page < first + bytes / PAGE; page++)
      Atomics.store(this.owners, page, this.owner);
  }

  /** Takes a run of `count` spare pages. */
  take(count: number): Extent | undefined {
    for (let end = this.runEnd(0, count); end !== undefined; end = this.runEnd(end, count)) {
      const first = end - count;
      if (this.takeRun(first, end)) return { address: first * PAGE, bytes: count * PAGE };
    }
    return undefined;
  }

  /** The end of the next run of `count` spare pages, from a page on. */
  private runEnd(page: number, count: number): number | undefined {
    const { owners } = this;
    for (let length = 0; page < PAGES; page++) {
      length = owners[page] === SPARE ? length + 1 : 0;
      if (length === count) return page + 1;
    }
    return undefined;
  }

  /** Another thread may be faster at any page: then those before it are spare again. */
  private takeRun(first: number, end: number): boolean {
    for (let page = first; page < end; page++)
      if (Atomics.compareExchange(this.owners, page, SPARE, this.owner) !== SPARE) {
        while (--page >= first) Atomics.store(this.owners, page, SPARE);
        return false;
      }
    return true;
  }

  /** Makes the pages of a thread that is gone spare. */
  release(owner: number): void {
    const { owners } = this;
    for (let page = 0; page < PAGES; page++) if (owners[page] === owner) Atomics.store(owners, page, SPARE);
  }

  /** Finds the pages below `bytes` that threads took just before they ended. To be called only when there is no other thread. */
  releaseUnnamed(bytes: number): void {
    const { owners } = this;
    for (let page = 0; page < bytes / PAGE; page++) if (owners[page] === UNNAMED) Atomics.store(owners, page, SPARE);
  }

  /** Bytes in spare pages. */
  get spareBytes(): number {
    return this.owners.reduce((n, owner) => n + Number(owner === SPARE), 0) * PAGE;
  }
}
