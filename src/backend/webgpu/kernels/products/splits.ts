/** Products of few results and many terms: several workgroups add up a part of the terms each, and what they found is added at last. */
import { type DType, sizeOf } from "../../../../core/dtype";
import { contiguousStrides, sizeOfShape } from "../../../../core/shape";
import type { Operand, Optional } from "../../../operand";
import { GpuBlock } from "../../buffers";
import type { Gpu } from "../../gpu";

/** A contiguous operand of temporary memory; `gpu.release` takes its block back. */
export function temporary(dtype: DType, shape: readonly number[]): Operand & { readonly storage: { block: GpuBlock } } {
  const block = new GpuBlock(Math.max(1, sizeOfShape(shape)) * sizeOf(dtype));
  return { storage: { block }, offset: 0, shape, strides: contiguousStrides(shape), dtype };
}

/** What is added to the sums. */
export interface Finish {
  /** An element for every `inner` results, again and again. */
  readonly bias?: Optional;
  readonly inner?: number;
  /** Whether the sums are added to what is there. */
  readonly accumulate?: boolean;
}

/** y[i] = Σ parts[s, i] over the first axis of the parts, with what is added at last. */
export function addParts(gpu: Gpu, y: Operand, parts: Operand, { bias, inner = 1, accumulate }: Finish): void {
  const n = sizeOfShape(y.shape);
  const program = gpu.begin();
  const result = program.result(y);
  const source = program.read(parts);
  const plus = bias && program.read(bias);
  const [count, splits] = [program.uint(n), program.uint(parts.shape[0]!)];
  const [run, period] = [program.uint(inner), program.uint(bias ? sizeOfShape(bias.shape) : 1)];
  const at = `${result.offset} + index`;
  gpu.dispatchEach(`addParts ${bias !== undefined} ${accumulate === true}`, n, () => ({
    body: `if (index >= ${count}) { return; }
var sum = ${source.loadAt("index")};
for (var s = 1u; s < ${splits}; s++) { sum += ${source.loadAt(`s * ${count} + index`)}; }
${plus ? `sum += ${plus.loadAt(`(index / ${run}) % ${period}`)};` : ""}
${accumulate ? `sum += ${result.load(at)};` : ""}
${result.store(at, "sum")}`,
  }));
}
