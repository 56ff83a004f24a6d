/**
 * The allocator's guard mode (`KINDLING_GUARD=1`). All tensors share one memory, so that a wrong index damages another tensor without a
 * word. Here every block lies between red zones whose bytes are known, memory that nobody has written or that was given back is
 * filled with poison, and what was given back is kept for a while, so that late writes show.
 */
import { KindlingError, OutOfMemoryError } from "../../core/errors";
import type { MemoryStats } from "../backend";
import type { Damage } from "../capabilities";
import { checkBytes, type Extent, Memory, roomFor, type WasmBlock } from "./memory";

/** Bytes of a red zone. The one behind a block also takes what the block was rounded up by. */
const ZONE = 1024;
const DEFAULT_POISON = 0xcb;
/** What is kept of what was given back. */
const MOST_KEPT_BYTES = 64 << 20;
const MOST_KEPT_BLOCKS = 4096;

interface Guarded {
  /** The block with its red zones. */
  readonly inner: WasmBlock;
  readonly address: number;
  readonly bytes: number;
  /** Memory of the engine, which is poisoned anew with the others. */
  readonly isWorkspace: boolean;
  /** Whether the collector gave it back. */
  isCollected: boolean;
}

export class GuardedMemory extends Memory {
  private poison = DEFAULT_POISON;
  private readonly live = new Map<number, Guarded>();
  /** What was given back, oldest first. */
  private readonly kept = new Set<Guarded>();
  private keptBytes = 0;
  private heldBytes = 0;
  private peakBytes = 0;
  private damages: Damage[] = [];
  private readonly constants: Uint8Array;

  /** @param constants The kernels' constants, at the lowest addresses. */
  constructor(memory: WebAssembly.Memory, range: Extent, constants = 0) {
    super(memory, range);
    this.constants = this.bytesOf(0, constants).slice();
  }

  override allocate(bytes: number): WasmBlock {
    return this.guard(bytes, false);
  }

  override workspace(bytes: number): number {
    return this.guard(bytes, true).address;
  }

  override release(block: WasmBlock, collected: boolean): void {
    if (block.freed) return;
    const guarded = this.live.get(block.address);
    if (guarded === undefined) throw new KindlingError(`release: there is no block at ${block.address}`);
    block.freed = true;
    this.inspect(guarded);
    this.live.delete(block.address);
    this.heldBytes -= guarded.bytes;
    guarded.isCollected = collected;
    this.fill(guarded.address, guarded.bytes);
    this.kept.add(guarded);
    this.keptBytes += guarded.bytes;
    this.letGo(MOST_KEPT_BLOCKS, MOST_KEPT_BYTES);
  }

  /** Red zones and what is kept count as free. */
  override stats(): MemoryStats {
    const { reserved } = super.stats();
    return { allocated: this.heldBytes, peakAllocated: this.peakBytes, reserved, blocks: this.live.size };
  }

  /** What was damaged since it was last asked. What is found is mended, and so reported once. */
  check(): readonly Damage[] {
    for (const guarded of this.live.values()) this.inspect(guarded);
    for (const guarded of this.kept) this.inspectFreed(guarded);
    this.inspectConstants();
    const found = this.damages;
    this.damages = [];
    return found;
  }

  /**
   * The byte that unwritten memory is filled with from now on: blocks, scratch memory, and what was given back. Red zones have its
   * complement. A result that differs between two poisons depends on memory that does not belong to its operands.
   */
  setPoison(byte: number): void {
    const found = this.check();
    this.damages.push(...found);
    this.poison = byte & 0xff;
    for (const guarded of [...this.live.values(), ...this.kept]) {
      this.drawZones(guarded);
      if (guarded.isWorkspace || this.kept.has(guarded)) this.fill(guarded.address, guarded.bytes);
    }
  }

  private guard(bytes: number, isWorkspace: boolean): WasmBlock {
    checkBytes(bytes);
    const inner = this.room(bytes + 2 * ZONE);
    const guarded: Guarded = { inner, address: inner.address + ZONE, bytes, isWorkspace, isCollected: false };
    this.live.set(guarded.address, guarded);
    this.heldBytes += bytes;
    this.peakBytes = Math.max(this.peakBytes, this.heldBytes);
    this.drawZones(guarded);
    this.fill(guarded.address, bytes);
    return { address: guarded.address, bytes, freed: false };
  }

  private room(bytes: number): WasmBlock {
    try {
      return super.allocate(bytes);
    } catch (error) {
      if (!(error instanceof OutOfMemoryError) || this.kept.size === 0) throw error;
      this.letGo(0, 0);
      return super.allocate(bytes);
    }
  }

  /** Gives the oldest blocks back for good, until no more are kept than are allowed. */
  private letGo(blocks: number, bytes: number): void {
    for (const guarded of this.kept) {
      if (this.kept.size <= blocks && this.keptBytes <= bytes) return;
      this.inspectFreed(guarded);
      this.kept.delete(guarded);
      this.keptBytes -= guarded.bytes;
      super.release(guarded.inner, guarded.isCollected);
    }
  }

  private get zoneByte(): number {
    return ~this.poison & 0xff;
  }

  private bytesOf(address: number, bytes: number): Uint8Array {
    return this.view("uint8", address, bytes) as Uint8Array;
  }

  private fill(address: number, bytes: number): void {
    fillBytes(this.bytesOf(address, bytes), this.poison);
  }

  /** The red zones of a block, as addresses and sizes. */
  private zonesOf({ inner, address, bytes }: Guarded): readonly (readonly [number, number])[] {
    const end = address + bytes;
    return [
      [inner.address, ZONE],
      [end, inner.address + roomFor(inner.bytes) - end],
    ];
  }

  private drawZones(guarded: Guarded): void {
    for (const [address, bytes] of this.zonesOf(guarded)) fillBytes(this.bytesOf(address, bytes), this.zoneByte);
  }

  private inspect(guarded: Guarded): void {
    const [before, behind] = this.zonesOf(guarded);
    const isIntact = this.holds(guarded, "before", ...before!, this.zoneByte);
    if (!this.holds(guarded, "behind", ...behind!, this.zoneByte) || !isIntact) this.drawZones(guarded);
  }

  private inspectFreed(guarded: Guarded): void {
    const { address, bytes } = guarded;
    if (!this.holds(guarded, "freed", address, bytes, this.poison)) this.fill(address, bytes);
    this.inspect(guarded);
  }

  /** Whether a range is full of one value. Reports the first byte that is not. */
  private holds(guarded: Guarded, where: Damage["where"], from: number, bytes: number, value: number): boolean {
    const view = this.bytesOf(from, bytes);
    const at = indexOfOther(view, value);
    if (at < 0) return true;
    const { address, bytes: size } = guarded;
    this.report({ where, address, bytes: size, offset: from + at - address, found: view[at]! });
    return false;
  }

  private inspectConstants(): void {
    const { length } = this.constants;
    const view = this.bytesOf(0, length);
    const offset = view.findIndex((value, i) => value !== this.constants[i]);
    if (offset < 0) return;
    this.report({ where: "constants", address: 0, bytes: length, offset, found: view[offset]! });
    view.set(this.constants);
  }

  private report(damage: Damage): void {
    this.damages.push(damage);
    console.error(`Kindling's memory is damaged: ${describeDamage(damage)}`);
  }
}

const places: Record<Damage["where"], string> = {
  before: "in the red zone before",
  behind: "in the red zone behind",
  freed: "after it was given back, in",
  constants: "in the kernels' constants,",
};

/** A sentence about a damage. */
export const describeDamage = ({ where, address, bytes, offset, found }: Damage): string =>
  `byte ${found} was written ${places[where]} the block of ${bytes} bytes at ${address}, at offset ${offset}`;

/** Engines fill memory that threads share element by element: eight bytes at once take an eighth of the time. */
function fillBytes(bytes: Uint8Array, value: number): void {
  const lead = Math.min(-bytes.byteOffset & 7, bytes.length);
  const words = new BigUint64Array(bytes.buffer, bytes.byteOffset + lead, (bytes.length - lead) >> 3);
  words.fill(BigInt(value) * 0x0101_0101_0101_0101n);
  bytes.fill(value, 0, lead).fill(value, lead + words.byteLength);
}

/** The index of the first byte that is not `value`, or −1. */
function indexOfOther(bytes: Uint8Array, value: number): number {
  const lead = Math.min(-bytes.byteOffset & 3, bytes.length);
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + lead, (bytes.length - lead) >> 2);
  const word = (value * 0x01010101) >>> 0;
  let at = lead;
  for (let i = 0; i < words.length && words[i] === word; i++) at += 4;
  for (let i = 0; i < lead; i++) if (bytes[i] !== value) return i;
  for (; at < bytes.length; at++) if (bytes[at] !== value) return at;
  return -1;
}
