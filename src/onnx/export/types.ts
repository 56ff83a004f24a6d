/** What a trace is made of: calls, their operands, and sizes that depend on those of the inputs. */
import type { DType } from "../../core/dtype";

/** A number that differs between the traces of a model: one value per trace. */
export class Sym {
  constructor(readonly values: readonly number[]) {}

  /** The same function of every trace's value; a plain number where the results agree. */
  static combine(parts: readonly Size[], f: (...values: number[]) => number): Size {
    const traces = parts.find((part) => part instanceof Sym)?.values.length ?? 1;
    const at = (part: Size, i: number): number => (typeof part === "number" ? part : part.values[i]!);
    const values = Array.from({ length: traces }, (_, i) => f(...parts.map((part) => at(part, i))));
    return values.every((value) => value === values[0]) ? values[0]! : new Sym(values);
  }
}

/** A size, offset or count: known, or dependent on the sizes of the inputs. */
export type Size = number | Sym;

/** A tensor among the arguments of a call, by its number in the trace. */
export class Ref {
  constructor(readonly id: number) {}
}

/** How a tensor of a trace came about. */
export type Origin =
  | { readonly kind: "input"; readonly name: string }
  | { readonly kind: "state"; readonly name: string }
  /** Made by nothing that the trace saw, and no part of the model's state. */
  | {
      readonly kind: "constant";
      readonly path: string /** The op that was looked into. */;
      readonly inside: string | undefined;
    }
  | { readonly kind: "result" };

/** A tensor of a trace. */
export interface TracedValue {
  readonly origin: Origin;
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Little-endian, row by row: of constants, and of results that depend on no input. */
  readonly bytes: Uint8Array | undefined;
  /** Whether the value depends on an input. */
  readonly isDynamic: boolean;
}

/** Where a call stands: the innermost module, and the line of the user's code. */
export interface Place {
  readonly path: string;
  readonly line: string;
}

/** A call of an op that has an ONNX form. */
export interface TracedCall extends Place {
  readonly op: string;
  /** The arguments by the names of the signature; tensors are {@link Ref}s. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly results: readonly number[];
}

/** A tensor of the graph that is written. */
export interface Value {
  readonly name: string;
  readonly dtype: DType;
  /** Unknown for values in the midst of a form. */
  readonly shape: readonly Size[];
}

/** One run of the model. */
export interface Trace {
  readonly calls: readonly TracedCall[];
  readonly values: readonly TracedValue[];
  readonly outputs: readonly number[];
}
