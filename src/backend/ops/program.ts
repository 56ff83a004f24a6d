/** Work that a device does again and again on other memory: fused kernels and ops in order, as a compiled function describes them. */
import type { DType } from "../../core/dtype";
import type { Block } from "../operand";
import type { FusedKernel } from "./fused";

/** Memory that a program works on. */
export interface Place {
  /**
   * Inputs are memory that each run is given; results and what is saved for backward are made by each run; temporary memory is the program's own, and matters
   * to nobody between two runs.
   */
  readonly kind: "input" | "result" | "saved" | "temporary";
  /** Which input or result it is, and where what is saved or temporary begins, in bytes. */
  readonly at: number;
}

/** An operand: a window on a place, with its offset in elements. */
export interface Window {
  readonly place: number;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly dtype: DType;
}

/** A step of a program. */
export type Command =
  | {
      readonly kind: "fused";
      readonly kernel: FusedKernel;
      /** What the kernel reads and writes, in its order. */
      readonly windows: readonly Pick<Window, "place" | "offset" | "dtype">[];
      readonly numbers: readonly number[];
    }
  | {
      readonly kind: "map";
      readonly op: string;
      readonly dtype: DType;
      readonly y: Window;
      readonly inputs: readonly (Window | number)[];
      readonly p: number;
      readonly q: number;
      readonly arity: 1 | 2 | 3;
    }
  | { readonly kind: "copy"; readonly y: Window; readonly x: Window }
  | { readonly kind: "fill"; readonly y: Window; readonly value: number }
  /** An op or a check of values; its description has windows, marked by {@link WindowMark}, in place of operands. */
  | { readonly kind: "run"; readonly op: string; readonly description: object }
  | { readonly kind: "check"; readonly check: object };

/** Stands for an operand in a description. */
export class WindowMark {
  constructor(readonly window: Window) {}
}

/** What a program does, and the memory that it needs. */
export interface ProgramText {
  readonly places: readonly Place[];
  readonly commands: readonly Command[];
  readonly temporaryBytes: number;
}

/** A range of memory that starts at an element of a block. */
export interface Start {
  readonly block: Block;
  /** In bytes. */
  readonly offset: number;
}

/** A program that a device can run. */
export interface Program {
  /** @returns Whether all values that it checks were valid; if they are not, it has stopped. */
  run(inputs: readonly Start[], results: readonly Block[], saved: Block | undefined): boolean;
}
