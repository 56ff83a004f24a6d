/** What a segment is computed by. */
import type { Program, ProgramText } from "../backend/ops/program";
import type { Form } from "./patterns";

/** What a program reads that it was not given as a tensor of the caller's. */
export type Source =
  | { readonly kind: "input"; readonly index: number }
  | { readonly kind: "result"; readonly index: number }
  /** The gradient of an output. */
  | { readonly kind: "gradient"; readonly index: number };

/** A program, and what its inputs are. */
export interface Scheduled {
  readonly text: ProgramText;
  readonly sources: readonly Source[];
}

/** A tensor that a segment gives. */
export interface Given {
  readonly index: number;
  /** The result of the program that has its memory. */
  readonly result: number;
  readonly form: Form;
}

/** What a segment is computed by. */
export interface Built {
  readonly forward: Program;
  /** Bytes of each result. */
  readonly resultBytes: readonly number[];
  readonly given: readonly Given[];
  /** Steps that make views of what the program gives, in order: they are run as they are. */
  readonly views: readonly number[];
  /** The slots whose memory the programs read. */
  readonly inputs: readonly number[];
  readonly backward: BuiltBackward | undefined;
  readonly kernels: number;
}

export interface BuiltBackward {
  readonly program: Program;
  readonly sources: readonly Source[];
  readonly savedBytes: number;
  /** Whether backward reads a result of forward, for each. */
  readonly readsResult: readonly boolean[];
  /** The given tensors that have a history, by their positions in `given`, in the order of the node's outputs. */
  readonly outputs: readonly number[];
  /** The slots that require a gradient, in the order of the node's edges; which result each has, if any. */
  readonly leaves: readonly { readonly slot: number; readonly result: number | undefined }[];
  readonly resultForms: readonly Form[];
  /** Inputs of the program: first those of forward, then the gradients of the outputs. */
  readonly slots: readonly number[];
}
