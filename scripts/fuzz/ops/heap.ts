/** The heap under guard: red zones around every block, fresh and freed memory filled with a pattern, and a bound. */
import { torch } from "../../../test/conformance/values";

const ZONE = 64;
/** What red zones look like; the second one of a block also has what is left to its end. */
const intact = Buffer.alloc(2 * ZONE, 0x5a);
/** Larger blocks are refused as if memory were out. */
const MOST_BYTES = 256 << 20;

interface Block {
  address: number;
  bytes: number;
  freed: boolean;
  outer?: Block;
}

/** Puts itself between the allocator and everybody else. */
export class GuardedHeap {
  private readonly live = new Set<Block>();
  private readonly memory = torch.ones([1]).storage.backend.parts.memory;
  private readonly damages: string[] = [];
  /** What fresh memory is filled with. */
  pattern = 0;

  constructor() {
    const { memory } = this;
    const allocate = memory.allocate.bind(memory);
    const release = memory.release.bind(memory);
    memory.allocate = (bytes: number): Block => {
      if (bytes > MOST_BYTES) throw memory.outOfMemory(bytes);
      const outer = allocate(Math.ceil(bytes / ZONE) * ZONE + 2 * ZONE);
      const block = { address: outer.address + ZONE, bytes, freed: false, outer };
      this.bytes(block.address, bytes).fill(this.pattern);
      this.zones(block, (zone) => zone.fill(0x5a));
      this.live.add(block);
      return block;
    };
    memory.release = (block: Block, collected: boolean): void => {
      if (block.outer === undefined) release(block, collected);
      if (block.outer === undefined || block.freed) return;
      block.freed = true;
      this.inspect(block);
      this.live.delete(block);
      this.bytes(block.address, block.bytes).fill(0xdb);
      release(block.outer, collected);
    };
  }

  /** The damages since the last call. */
  check(): readonly string[] {
    for (const block of this.live) this.inspect(block);
    return this.damages.splice(0);
  }

  private bytes(address: number, length: number): Buffer {
    return Buffer.from(this.memory.memory.buffer, address, length);
  }

  private zones(block: Block, visit: (zone: Buffer) => void): void {
    const end = block.address + block.bytes;
    visit(this.bytes(block.address - ZONE, ZONE));
    visit(this.bytes(end, block.outer!.address + Math.ceil(block.bytes / ZONE) * ZONE + 2 * ZONE - end));
  }

  private inspect(block: Block): void {
    let isBefore = true;
    this.zones(block, (zone) => {
      if (zone.compare(intact, 0, zone.length) !== 0) {
        const at = zone.findIndex((byte) => byte !== 0x5a);
        const where = isBefore ? "before its beginning" : `${at} bytes after its end`;
        this.damages.push(`a block of ${block.bytes} bytes was left ${where}`);
        zone.fill(0x5a);
      }
      isBefore = false;
    });
  }
}
