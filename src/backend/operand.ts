/** What the ops of a device work on: operands, which are strided windows on blocks of its memory. */
import type { DType } from "../core/dtype";

/**
 * A range of device memory. Where it lies is the device's business. A device may find out that there is no room for it later than
 * `allocate` returns, and says so when the block is first used.
 */
export interface Block {
  /** Bytes that were asked for; what lies behind them is not the block's. */
  readonly bytes: number;
  /** Whether the block was given back; the backend sets it. */
  freed: boolean;
}

/** What an op reads or writes: a strided window on a block. Offset and strides count elements. */
export interface Operand {
  readonly storage: { readonly block: Block };
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly dtype: DType;
}

/** An operand that may be left out. */
export type Optional = Operand | undefined;
