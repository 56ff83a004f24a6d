/** Where the lists and scalars of one call stand, which kernels take by address. */
import { type DType, sizeOf } from "../../core/dtype";
import { KindlingError } from "../../core/errors";
import { broadcastStrides, collapse, isContiguous, sameShape } from "../../core/shape";
import type { Operand } from "../backend";
import type { Memory } from "./memory";
import { JOBS } from "./worker";

/** Many times what a call of operands with as many axes as there may be takes. */
const BYTES = 16384;
/** From one place to the next: no multiple of a power of two, so that they do not meet in the same lines of a cache. */
const STRIDE = BYTES + 192;

/** How an operand lies on its storage. */
export type Layout = Pick<Operand, "shape" | "strides">;

/** Whether an operand's elements follow each other as those of a result of `shape` do. */
export const isLinear = (x: Layout, shape: readonly number[]): boolean =>
  sameShape(x.shape, shape) && isContiguous(x.shape, x.strides);

function areLinear(operands: readonly Layout[], shape: readonly number[]): boolean {
  for (let i = 0; i < operands.length; i++) if (!isLinear(operands[i]!, shape)) return false;
  return true;
}

export class CallArea {
  private readonly first: number;
  private address: number;
  /** The next free byte. */
  private top = 0;

  constructor(private readonly memory: Memory) {
    this.first = memory.workspace(JOBS * STRIDE);
    this.address = this.first;
  }

  /** Forgets what an earlier call put at this place. */
  cleared(place: number): this {
    this.address = this.first + place * STRIDE;
    this.top = 0;
    return this;
  }

  /** Puts integers of 32 bits here. @returns Their address. */
  integers(values: readonly number[]): number {
    const address = this.take(values.length * 4);
    const heap = this.memory.heap("int32");
    // Above 2 GiB an address is no signed integer of 32 bits: it must be divided, not shifted.
    for (let i = 0, at = address / 4; i < values.length; i++) heap[at + i] = values[i]!;
    return address;
  }

  /** Puts a number here as an element of a dtype. @returns Its address. */
  scalar(value: number, dtype: DType): number {
    const address = this.take(8);
    const heap = this.memory.heap(dtype);
    const index = address / sizeOf(dtype);
    if (heap instanceof BigInt64Array) heap[index] = BigInt(Math.trunc(value));
    else heap[index] = dtype === "bool" ? Number(value !== 0) : value;
    return address;
  }

  /**
   * The geometry block of docs/kernels.md, or 0 when every operand is contiguous. Strides of 2^31 and more, which only elements of a byte
   * have, are stored modulo 2^32, and so are the addresses that kernels compute with them.
   */
  geometry(shape: readonly number[], operands: readonly Layout[]): number {
    return areLinear(operands, shape) ? 0 : this.blockOf(shape, operands);
  }

  private blockOf(shape: readonly number[], operands: readonly Layout[]): number {
    const seen: number[][] = [];
    for (let i = 0; i < operands.length; i++)
      seen.push(broadcastStrides(operands[i]!.shape, operands[i]!.strides, shape));
    const { shape: sizes, strides } = collapse(shape, seen);
    return this.integers([sizes.length].concat(sizes, ...strides));
  }

  private take(bytes: number): number {
    const address = this.address + this.top;
    this.top += (bytes + 7) & ~7;
    if (this.top > BYTES)
      throw new KindlingError(
        `a call passes more than ${BYTES} bytes of lists to its kernel; this is a defect of Kindling`,
      );
    return address;
  }
}
