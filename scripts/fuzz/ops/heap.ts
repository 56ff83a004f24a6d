/** The library's heap in its guard mode (`KINDLING_GUARD=1`), with a bound. */
import { torch } from "../../../test/conformance/values";

/** Larger blocks are refused as if memory were out: they only cost time. */
const MOST_BYTES = 256 << 20;

/** What the error for such a block says. */
export const BOUND = `the fuzzer gives at most ${MOST_BYTES} bytes`;

interface Damage {
  readonly where: string;
  readonly bytes: number;
  readonly offset: number;
}

/** What finds writes beyond blocks, and reads of what nobody wrote. */
export interface Heap {
  /** The damages since the last call. */
  check(): readonly string[];
  /** Fills all memory that nobody has written with a byte, now and from now on. */
  setPoison(byte: number): void;
}

/** The guarded heap of the library. @throws Error without the guard mode. */
export function openHeap(): Heap {
  const { memory } = torch.ones([1]).storage.backend.parts;
  const guard = torch.__guard;
  if (!guard.isOn) throw new Error("the fuzzer needs KINDLING_GUARD=1");
  const allocate = memory.allocate.bind(memory);
  memory.allocate = (bytes: number) => {
    if (bytes > MOST_BYTES) throw new torch.OutOfMemoryError(`out of memory: ${BOUND}`);
    return allocate(bytes);
  };
  const show = ({ where, bytes, offset }: Damage): string =>
    `a byte was written at offset ${offset} of a block of ${bytes} bytes (${where})`;
  return { check: () => guard.check().map(show), setPoison: (byte) => guard.setPoison(byte) };
}
