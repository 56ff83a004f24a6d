/** The ONNX forms of ops: how a call is written as nodes. */
import type { DType } from "../../core/dtype";
import type { Graph } from "./graph";
import type { Place, Size, Value } from "./types";

/** The arguments of a call by name. Tensors are {@link Value}s, numbers that depend on the sizes of inputs `Sym`s. */
export type Args = Readonly<Record<string, any>>;

/** A result as the model computed it. */
export interface Result {
  readonly shape: readonly Size[];
  readonly dtype: DType;
}

/** A call that is to be written. */
export interface FormCall extends Place {
  readonly op: string;
  readonly out: readonly Result[];
}

/** Writes a call; gives its results in order. */
export type Lower = (g: Graph, a: Args, call: FormCall) => Value | readonly Value[];

/** An op's form with what it asks for. */
export interface Form {
  readonly lower: Lower;
  /** Whether these arguments are written by this form; else the parts of the op are. Tensors are tensors. */
  readonly when?: (args: Args) => boolean;
  /** Changes arguments before tensors are replaced. */
  readonly prepare?: (args: Args) => Args;
}

/** Forms of a family of ops, by the names of the ops. */
export type Forms = Readonly<Record<string, Form | Lower>>;
