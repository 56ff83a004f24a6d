/** Matrix products by the kernel `gemm`. */
import { codeOf, type DType } from "../../../core/dtype";
import { OutOfMemoryError } from "../../../core/errors";
import type { OpTable } from "../../dispatch";
import type { Operand } from "../../operand";
import type { Engine } from "../engine";

/** Codes of the kernel for where the bias is added. */
const NO_BIAS = 0;
const BIAS_PER_COLUMN = 1;

/** Nanoseconds per multiply-add, to judge whether threads are worth it; and per element that is packed. */
const MADD_COST = 0.035;
const PACK_COST = 0.3;
/** Above this cost of a product that threads share, the operand that all of them read is packed before it (ns); and up to how many elements. */
const PACKED_COST = 100_000;
const MOST_PACKED = 1 << 23;

/** Memory for the operand that all threads read, in the panels of the kernel; undefined where each thread is to pack what it needs. */
function panelsFor(engine: Engine, dtype: DType, m: number, n: number, k: number): Operand | undefined {
  const elements = engine.ask("gemmPanels", [codeOf(dtype), m, n, k]);
  if (elements === 0 || elements > MOST_PACKED) return undefined;
  try {
    return engine.temporary(dtype, elements);
  } catch (error) {
    if (error instanceof OutOfMemoryError) return undefined;
    throw error;
  }
}

export const products = {
  matmul(engine, { y, a, b, bias, accumulate }) {
    const isStack = y.shape.length === 3;
    const lead = isStack ? 1 : 0;
    const batch = isStack ? y.shape[0]! : 1;
    const m = y.shape[lead]!;
    const n = y.shape[lead + 1]!;
    const k = a.shape[lead + 1]!;
    const [rsa, csa] = [a.strides[lead]!, a.strides[lead + 1]!];
    const [rsb, csb] = [b.strides[lead]!, b.strides[lead + 1]!];
    const cost = batch * m * n * k * MADD_COST;
    const range = engine.ask("gemmTasks", [m, n, k, batch]);
    const isShared = batch === 1 && cost >= PACKED_COST && engine.sharesWork;
    const panels = isShared ? panelsFor(engine, y.dtype, m, n, k) : undefined;
    try {
      if (panels !== undefined) {
        const tasks = engine.ask("gemmPackTasks", [codeOf(y.dtype), m, n, k]);
        const packing = panels.shape[0]! * PACK_COST;
        engine.call("gemmPack", y.dtype, [panels, a, b, m, n, k, rsa, csa, rsb, csb], tasks, packing);
      }
      engine.call(
        "gemm",
        y.dtype,
        [
          y,
          a,
          b,
          m,
          n,
          k,
          rsa,
          csa,
          rsb,
          csb,
          n,
          isStack ? a.strides[0]! : 0,
          isStack ? b.strides[0]! : 0,
          m * n,
          accumulate ? 1 : 0,
          bias,
          bias === undefined ? NO_BIAS : BIAS_PER_COLUMN,
          0,
          panels,
        ],
        range,
        cost,
        true,
      );
    } finally {
      if (panels !== undefined) engine.drop(panels);
    }
  },
} satisfies OpTable<Engine>;
